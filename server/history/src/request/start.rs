//! The start of a run: records its first events.

use durably_proto::api::common::v1::{Memo, SearchAttributes, WorkflowType};
use durably_proto::api::enums::v1::{ContinueAsNewInitiator, EventType};
use durably_proto::api::history::v1::WorkflowExecutionStartedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::workflow::v1::ResetPoints;

use crate::event_log::EventLog;
use crate::id::{EventId, Stamp};
use crate::open_transition::OpenTransition;
use crate::pending::activities::Activities;
use crate::pending::children::Children;
use crate::pending::outgoing::OutgoingMessages;
use crate::pending::requests::Requests;
use crate::pending::timers::Timers;
use crate::pending::updates::Updates;
use crate::queue;
use crate::random::Random;
use crate::request::signal;
use crate::retry::RetryPolicy;
use crate::start::{Start, StartDelay, Timeouts};
use crate::state::{HistorySize, Phase, Run, RunConfig, Taken, TaskType, WorkflowTask};
use crate::task::workflow_task;
use crate::time::{Time, timeout_to_proto, to_proto};
use crate::tracked::Tracked;
use crate::transition::{Effect, Reply, Transition};
use crate::versioning::{PolledBy, Versioning, in_newest_form};
use crate::virtual_time::VirtualTime;

impl Run {
    /// Starts a run at the time `now` of the server.
    ///
    /// The reply is the first workflow task if [`Start::eager`] is set and the task is not delayed.
    pub fn start(start: Start, now: Time) -> (Self, Transition) {
        // In the time of the run before, or of the parent.
        let now = now + start.inherited_time.skipped;
        let mut out = OpenTransition::new(now);
        let backoff = first_backoff(&start, now);
        let config = config(&start, backoff, now);
        let delayed = config.executes_at > now;
        let eager = start.eager && !delayed;
        let event = started_event(&start, &config, backoff, eager);
        let mut run = empty(config, start.seed);
        apply_started(&mut run, &event, now);
        run.record(
            now,
            Attributes::WorkflowExecutionStartedEventAttributes(event),
        );
        let (signal, update, identity) = (start.signal, start.update, start.identity.clone());
        let first = run.last_event_mut();
        first.user_metadata = start.user_metadata;
        first.links = start.links;
        if let Some(signal) = signal {
            let request_id = signal.request_id.clone();
            signal::record(signal, &mut run, &mut out);
            run.flush_buffer();
            let signaled = EventId::FIRST.next();
            run.requests.record_signal_with_start(&request_id, signaled);
        }
        if let Some(update) = update {
            run.updates.admit(update.id, update.request);
        }
        let reply = if delayed || run.awaits_parent {
            Reply::Done
        } else if eager {
            workflow_task::schedule_undispatched(&mut run, TaskType::Normal, now, &out);
            let request_id = run.config.request_id.clone();
            workflow_task::start_scheduled(
                &mut run,
                request_id,
                identity,
                None,
                &PolledBy::no_queue(None),
                // The task says how much history the store has: none yet.
                HistorySize::default(),
                &mut out,
            );
            let task = workflow_task::delivery(&mut run, false, true);
            Reply::WorkflowTask(Box::new(task))
        } else {
            workflow_task::schedule(&mut run, TaskType::Normal, &mut out);
            Reply::Done
        };
        out.effect(Effect::VisibilityChanged);
        let transition = run.close_off(0, out, reply);
        (run, transition)
    }
}

/// The delay of the first workflow task.
fn first_backoff(start: &Start, now: Time) -> std::time::Duration {
    match (start.delay, &start.cron) {
        (StartDelay::Requested(delay) | StartDelay::Backoff(delay), _) => delay,
        (StartDelay::None, Some(cron)) => cron.backoff(now, now).unwrap_or_default(),
        (StartDelay::None, None) => std::time::Duration::ZERO,
    }
}

fn config(start: &Start, backoff: std::time::Duration, now: Time) -> RunConfig {
    let executes_at = now + backoff;
    let execution_expires_at = match &start.chain.continued {
        Some(_) => start.chain.execution_expires_at,
        None => start
            .timeouts
            .execution
            .map(|timeout| executes_at + timeout),
    };
    let run_expires_at = match (
        start.timeouts.run.map(|timeout| executes_at + timeout),
        execution_expires_at,
    ) {
        (Some(run), Some(execution)) => Some(run.min(execution)),
        (run, execution) => run.or(execution),
    };
    RunConfig {
        workflow_id: start.workflow_id.clone(),
        run_id: start.run_id.clone(),
        first_run_id: start.chain.first_run_id.clone(),
        request_id: start.request_id.clone(),
        workflow_type: start.workflow_type.clone(),
        task_queue: start.task_queue.clone(),
        timeouts: start.timeouts,
        retry_policy: start.retry_policy.clone(),
        cron: start.cron.clone(),
        attempt: start.chain.attempt,
        started_at: now,
        executes_at,
        run_expires_at,
        execution_expires_at,
        parent: start.parent.clone(),
        schedule: start.schedule.clone(),
        root: start.root.clone(),
        user_metadata: start.user_metadata.clone(),
        priority: start.priority.clone(),
        last_completion_result: start.chain.last_completion_result.clone(),
    }
}

/// A run without events.
pub(crate) fn empty(config: RunConfig, seed: u64) -> Run {
    Run {
        config: Box::new(config),
        events: EventLog::default(),
        history_size: 0,
        buffered: Tracked::default(),
        phase: Phase::Running,
        task: WorkflowTask::Idle,
        task_attempt: 1,
        last_stamp: Stamp::default(),
        sticky: None,
        last_completed_started: EventId::NONE,
        close_attempted: false,
        timers: Timers::default(),
        activities: Activities::default(),
        children: Children::default(),
        outgoing: OutgoingMessages::default(),
        awaits_parent: false,
        updates: Updates::default(),
        cancel_requested: false,
        deletion_requested: false,
        reset_run: None,
        requests: Requests::default(),
        callbacks: Tracked::default(),
        memo: Tracked::default(),
        search_attributes: Tracked::default(),
        reset_points: Tracked::default(),
        last_worker_version: None,
        versioning: Versioning::default(),
        virtual_time: None,
        updated_priority: None,
        transitions: 1,
        random: Random::new(seed),
        taken: Taken::default(),
    }
}

/// Sets what a run without events has once the event of its start is recorded.
pub(crate) fn apply_started(
    run: &mut Run,
    event: &WorkflowExecutionStartedEventAttributes,
    at: Time,
) {
    run.requests.record(
        run.config.request_id.clone(),
        EventType::WorkflowExecutionStarted,
        EventId::FIRST,
    );
    run.versioning.apply_started(event);
    run.virtual_time = VirtualTime::started(event, at);
    // A parent starts the first run only.
    run.awaits_parent =
        event.parent_workflow_execution.is_some() && event.continued_execution_run_id.is_empty();
    run.callbacks
        .extend(event.completion_callbacks.iter().cloned());
    let points = event.prev_auto_reset_points.iter();
    let points = points.flat_map(|points| &points.points);
    run.reset_points.extend(points.cloned());
    for (name, value) in event.memo.iter().flat_map(|memo| &memo.fields) {
        run.memo.insert(name.clone(), value.clone());
    }
    let attributes = event.search_attributes.iter();
    for (name, value) in attributes.flat_map(|attributes| &attributes.indexed_fields) {
        run.search_attributes.insert(name.clone(), value.clone());
    }
}

fn started_event(
    start: &Start,
    config: &RunConfig,
    backoff: std::time::Duration,
    eager: bool,
) -> WorkflowExecutionStartedEventAttributes {
    let chain = &start.chain;
    let initiator = match &chain.continued {
        Some(continued) => continued.initiator,
        None if start.cron.is_some() => ContinueAsNewInitiator::CronSchedule,
        None => ContinueAsNewInitiator::Unspecified,
    };
    let Timeouts {
        execution,
        run,
        task,
    } = start.timeouts;
    // The real server records an absent run timeout only for children and for a workflow that
    // continued as new.
    let run_timeout = match initiator {
        ContinueAsNewInitiator::Workflow => Some(timeout_to_proto(run)),
        _ if start.parent.is_some() => Some(timeout_to_proto(run)),
        _ => run.map(to_proto),
    };
    let parent = start.parent.as_ref();
    let mut event = WorkflowExecutionStartedEventAttributes {
        workflow_type: Some(WorkflowType {
            name: start.workflow_type.clone(),
        }),
        parent_workflow_namespace: parent.map(|p| p.namespace.clone()).unwrap_or_default(),
        parent_workflow_namespace_id: parent.map(|p| p.namespace_id.clone()).unwrap_or_default(),
        parent_workflow_execution: parent.map(|p| p.execution.clone()),
        parent_initiated_event_id: parent.map(|p| p.initiated.0).unwrap_or_default(),
        task_queue: Some(queue::normal(&start.task_queue)),
        input: start.input.clone(),
        workflow_execution_timeout: execution.map(to_proto),
        workflow_run_timeout: run_timeout,
        workflow_task_timeout: Some(to_proto(task)),
        continued_execution_run_id: chain
            .continued
            .as_ref()
            .map(|c| c.run_id.to_string())
            .unwrap_or_default(),
        initiator: initiator.into(),
        continued_failure: chain.continued_failure.clone(),
        last_completion_result: chain.last_completion_result.clone(),
        original_execution_run_id: start.run_id.to_string(),
        identity: start.identity.clone(),
        first_execution_run_id: chain.first_run_id.to_string(),
        retry_policy: start.retry_policy.as_ref().map(RetryPolicy::to_proto),
        attempt: i32::try_from(chain.attempt).unwrap_or(i32::MAX),
        workflow_execution_expiration_time: config.execution_expires_at.map(Into::into),
        cron_schedule: start
            .cron
            .as_ref()
            .map(|cron| cron.as_str().to_owned())
            .unwrap_or_default(),
        // Recorded as zero for a first run, and not at all for one that continues another without
        // backoff.
        first_workflow_task_backoff: (chain.continued.is_none() || !backoff.is_zero())
            .then(|| to_proto(backoff)),
        memo: start
            .memo
            .clone()
            .filter(|memo: &Memo| !memo.fields.is_empty()),
        search_attributes: start
            .search_attributes
            .clone()
            .filter(|attributes: &SearchAttributes| !attributes.indexed_fields.is_empty()),
        prev_auto_reset_points: (!chain.reset_points.is_empty()).then(|| ResetPoints {
            points: chain.reset_points.clone(),
        }),
        header: start.header.clone(),
        workflow_id: start.workflow_id.to_string(),
        completion_callbacks: start.completion_callbacks.clone(),
        root_workflow_execution: start.root.clone(),
        versioning_override: start.versioning_override.as_ref().map(in_newest_form),
        priority: start.priority.clone(),
        eager_execution_accepted: eager,
        time_skipping_config: start.time_skipping.clone(),
        time_skipping_state_propagation: start.inherited_time.to_proto(),
        ..Default::default()
    };
    start.inherited_version.record(&mut event);
    event
}
