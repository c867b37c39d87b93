//! The next run of a chain: a retry, a cron run, or a continuation as new.

use std::time::Duration;

use durably_proto::api::common::v1::Payloads;
use durably_proto::api::enums::v1::{ContinueAsNewInitiator, RetryState};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::WorkflowExecutionStartedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::id::{RequestId, RunId};
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::retry::{RequestedDelay, RetryDecision};
use crate::start::{Chain, Continued, Start, StartDelay};
use crate::state::Run;
use crate::time::Time;
use crate::transition::Effect;
use crate::versioning::InheritedVersion;

/// What a retry or a cron run has in addition to the run that it repeats.
pub(crate) struct Successor {
    run_id: RunId,
    initiator: ContinueAsNewInitiator,
    backoff: Duration,
    failure: Option<Failure>,
    result: Option<Payloads>,
}

impl Successor {
    /// A successor that starts after `backoff`.
    pub(crate) fn new(run: &mut Run, initiator: ContinueAsNewInitiator, backoff: Duration) -> Self {
        // A failed run passes the last result on.
        let result = run.config.last_completion_result.clone();
        Self {
            run_id: run.random.run_id(),
            initiator,
            backoff,
            failure: None,
            result,
        }
    }

    /// Passes the previous run's failure on.
    pub(crate) fn failed(self, failure: Failure) -> Self {
        Self {
            failure: Some(failure),
            ..self
        }
    }

    /// Passes this result on instead of the last one, or none.
    pub(crate) fn with_result(self, result: Option<Payloads>) -> Self {
        Self { result, ..self }
    }

    /// The next run's id, as the closing event records it.
    pub(crate) fn run_id_text(&self) -> String {
        self.run_id.to_string()
    }
}

/// Whether the workflow's retry policy allows another run.
pub(crate) fn retry_backoff(run: &Run, failure: &Failure, now: Time) -> RetryDecision {
    let Some(policy) = &run.config.retry_policy else {
        return RetryDecision::No(RetryState::RetryPolicyNotSet);
    };
    policy.next(
        run.config.attempt,
        Some(failure),
        now,
        run.config.execution_expires_at,
        RequestedDelay::Limited,
    )
}

/// The delay until the cron schedule's next run.
pub(crate) fn cron_backoff(run: &Run, now: Time) -> Option<Duration> {
    run.config
        .cron
        .as_ref()?
        .backoff(run.config.executes_at, now)
}

/// Starts a run that repeats the workflow with the same input.
pub(crate) fn start_next(run: &mut Run, successor: Successor, out: &mut OpenTransition) {
    let inherited = inherited_start(run, successor.run_id, successor.initiator, out.now);
    let first = started_attributes(run);
    let attempt = match successor.initiator {
        ContinueAsNewInitiator::Retry => run.config.attempt + 1,
        _ => 1,
    };
    let inherited_version = match successor.initiator {
        ContinueAsNewInitiator::Retry => run.versioning.retried(&first),
        _ => InheritedVersion::None,
    };
    let start = Start {
        inherited_version,
        input: first.input,
        header: first.header,
        memo: first.memo,
        search_attributes: first.search_attributes,
        // As on the real server; a run that continues as new keeps a changed one.
        priority: first.priority,
        completion_callbacks: run.callbacks.values().cloned().collect(),
        delay: StartDelay::Backoff(throttled_backoff(run, successor.backoff, out.now)),
        chain: Chain {
            attempt,
            last_completion_result: successor.result,
            continued_failure: successor.failure,
            ..inherited.chain
        },
        ..inherited
    };
    out.effect(Effect::StartNext(Box::new(start)));
}

/// A start with everything that a next run inherits; the other fields are empty. It limits the run's
/// reset points, too.
pub(crate) fn inherited_start(
    run: &mut Run,
    run_id: RunId,
    initiator: ContinueAsNewInitiator,
    now: Time,
) -> Start {
    expire_reset_points(run, now);
    let config = &run.config;
    let versioning_override = run.versioning.inherited_override();
    let time = run.virtual_time.as_ref();
    let (time_skipping, inherited_time) = time.map(|it| it.of_next_run()).unwrap_or_default();
    Start {
        workflow_id: config.workflow_id.clone(),
        seed: run.random.next_u64(),
        request_id: RequestId::from(run.random.run_id().as_str()),
        identity: String::new(),
        workflow_type: config.workflow_type.clone(),
        task_queue: config.task_queue.clone(),
        input: None,
        header: None,
        memo: None,
        search_attributes: None,
        // The real server records the summary with the first run only, and describes no other with it.
        user_metadata: None,
        links: Vec::new(),
        completion_callbacks: Vec::new(),
        priority: run.own_priority().cloned(),
        versioning_override,
        inherited_version: InheritedVersion::None,
        time_skipping,
        inherited_time,
        timeouts: config.timeouts,
        retry_policy: config.retry_policy.clone(),
        cron: config.cron.clone(),
        delay: StartDelay::None,
        chain: next_in_chain(run, initiator),
        parent: config.parent.clone(),
        schedule: config.schedule.clone(),
        root: config.root.clone(),
        signal: None,
        update: None,
        eager: false,
        run_id,
    }
}

/// The next run's position in the chain.
fn next_in_chain(run: &Run, initiator: ContinueAsNewInitiator) -> Chain {
    Chain {
        first_run_id: run.config.first_run_id.clone(),
        execution_expires_at: run.config.execution_expires_at,
        attempt: 1,
        continued: Some(Continued {
            run_id: run.config.run_id.clone(),
            initiator,
        }),
        last_completion_result: None,
        continued_failure: None,
        reset_points: run.reset_points.values().cloned().collect(),
    }
}

/// Sets the expiry of reset points that have none: a successor inherits them, and they expire with this run's history.
fn expire_reset_points(run: &mut Run, now: Time) {
    let points = run.reset_points.iter();
    let points = points.filter(|(_, point)| point.expire_time.is_none());
    let points: Vec<_> = points.map(|(key, _)| *key).collect();
    for key in points {
        if let Some(point) = run.reset_points.get_mut(&key) {
            point.expire_time = Some((now + RETENTION).into());
        }
    }
}

/// The backoff, at least long enough that the chain's runs start
/// [`limits::CONTINUE_AS_NEW_INTERVAL`] apart.
pub(crate) fn throttled_backoff(run: &Run, backoff: Duration, now: Time) -> Duration {
    let config = &run.config;
    let started_early = now < config.executes_at;
    let lifetime = now.since(if started_early {
        config.started_at
    } else {
        config.executes_at
    });
    if lifetime + backoff < limits::CONTINUE_AS_NEW_INTERVAL {
        limits::CONTINUE_AS_NEW_INTERVAL - lifetime
    } else {
        backoff
    }
}

/// The attributes of the run's first event.
pub(crate) fn started_attributes(run: &Run) -> WorkflowExecutionStartedEventAttributes {
    match run.events.get(0).and_then(|it| it.attributes) {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(event)) => event,
        other => unreachable!("the first event starts the run, but is {other:?}"),
    }
}

/// Retention of the default namespace; reset points expire with it.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
