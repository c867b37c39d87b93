//! Reset: starts a run with the first events of another one, in which the last workflow task of
//! those has failed.
//!
//! ```text
//!   base run   1 ....... scheduled, started | completed, commands, signals, updates ...
//!   new run    1 ....... scheduled, started, failed | signals and updates again, next task
//! ```

use std::sync::Arc;

use durably_proto::api::enums::v1::{
    EventType, RetryState, UpdateAdmittedEventOrigin, WorkflowExecutionStatus,
    WorkflowTaskFailedCause,
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    ActivityTaskFailedEventAttributes, HistoryEvent,
    WorkflowExecutionUpdateAdmittedEventAttributes, WorkflowTaskFailedEventAttributes,
};
use durably_proto::api::update::v1::Request;

use crate::delivery;
use crate::failure;
use crate::id::{EventId, RequestId, RunId, UpdateId};
use crate::input::{EndForReset, Signal, Terminate, UpdateOptions};
use crate::open_transition::OpenTransition;
use crate::pending::activities::ActivityState;
use crate::rebuild::{Rebuild, rebuild};
use crate::rejection::{Invalid, Rejection};
use crate::request::{signal, workflow_options};
use crate::start::Timeouts;
use crate::state::{Run, RunConfig, TaskType, WorkflowTask};
use crate::task::task_end::{self, Failed};
use crate::task::{activity_task, termination, workflow_task};
use crate::time::Time;
use crate::transition::{Effect, Reply, Transition};
use crate::versioning::PolledBy;

/// A reset of a run.
#[derive(Clone, Debug)]
pub struct Reset {
    /// The event that the reset replaces: the end of a workflow task, or its start.
    pub point: EventId,
    /// The new run's id.
    pub run_id: RunId,
    /// Seed of the new run's random numbers.
    pub seed: u64,
    /// The request; its repetition finds the new run.
    pub request_id: RequestId,
    /// Why the run is reset.
    pub reason: String,
    /// What is done again of the events after the point.
    pub reapply: Reapply,
    /// Name of the run's namespace.
    pub namespace: Arc<str>,
}

/// Which events after the point of a reset the new run records again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reapply {
    /// Signals.
    pub signals: bool,
    /// Accepted updates, as admitted ones.
    pub updates: bool,
    /// Start requests that attached to the run.
    pub options: bool,
    /// What became of the children that are pending at the point.
    pub children: bool,
}

/// A run that a reset starts, while events are added to it.
#[derive(Debug)]
pub struct ResetRun {
    run: Run,
    reapply: Reapply,
    now: Time,
}

impl Run {
    /// Begins the reset of this run, which does not change, at the time `now` of the server.
    ///
    /// # Errors
    /// [`Rejection::Invalid`] if the run cannot be reset to the point.
    pub fn reset(&self, reset: Reset, now: Time) -> Result<ResetRun, Rejection> {
        let Reset {
            point,
            run_id,
            seed,
            request_id,
            reason,
            reapply,
            namespace,
        } = reset;
        if point <= EventId::FIRST || point >= self.next_event_id() {
            return Err(invalid(
                "Workflow task finish ID must be > 1 && <= workflow last event ID.".to_owned(),
            ));
        }
        let config = reset_config(&self.config, run_id.clone(), now);
        let Rebuild { run, started, .. } =
            rebuild(self, config, EventId(point.0 - 1), namespace, seed);
        let mut run = run;
        // In the time that the base run had at the point.
        let now = run.virtual_time_at(now);
        *run.config = reset_config(&self.config, run_id, now);
        if let Some(time) = &mut run.virtual_time {
            time.initial = time.skipped;
        }
        if !run.has_workflow_task() {
            return Err(invalid(format!(
                "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: {point}"
            )));
        }
        let mut out = OpenTransition::new(now);
        let failed = fail_task(&mut run, &self.config.run_id, &reason, &mut out);
        run.requests
            .record(request_id, EventType::WorkflowTaskFailed, failed);
        for (scheduled, started) in started {
            fail_activity(&mut run, scheduled, started, &reason, now);
        }
        run.activities.reschedule(now);
        Ok(ResetRun { run, reapply, now })
    }

    /// The new run of a reset that this request has started, if it is this run.
    pub fn is_reset_of(&self, request_id: &RequestId) -> bool {
        self.request_event(request_id) == Some(EventType::WorkflowTaskFailed)
    }

    /// The run that a reset of this one has started; the last of several. The children of this run report to it.
    pub fn reset_run(&self) -> Option<&RunId> {
        self.reset_run.as_ref()
    }

    /// Notes on a closed run that a reset of it starts another one.
    pub fn record_reset(&mut self, started: RunId) {
        assert!(!self.is_running(), "a running run is ended by the reset");
        self.reset_run = Some(started);
    }

    /// The run that this one repeats the first events of, through all resets; itself if it repeats none.
    pub fn original_run_id(&self) -> RunId {
        let first = self.events.get(0).and_then(|first| first.attributes);
        match first {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                started.original_execution_run_id.into()
            }
            _ => unreachable!("a run begins with its start"),
        }
    }

    /// The run that this one continued as, whose events a reset adds, too.
    pub fn continued_as(&self) -> Option<RunId> {
        match self.events.last()?.attributes? {
            Attributes::WorkflowExecutionContinuedAsNewEventAttributes(event) => {
                Some(RunId::from(event.new_execution_run_id))
            }
            _ => None,
        }
    }
}

impl ResetRun {
    /// Records signals, updates and attached requests of a run again, those of the events from
    /// `first` on.
    pub fn reapply(&mut self, run: &Run, first: EventId) {
        let first = usize::try_from(first.0 - 1).expect("an event id");
        for event in run.events.events(first..run.events.len()) {
            self.reapply_event(event);
        }
    }

    /// Changes options of the run after what is recorded again.
    ///
    /// # Errors
    /// As those of [`UpdateOptions`](crate::UpdateOptions).
    pub fn update_options(&mut self, update: UpdateOptions) -> Result<(), Rejection> {
        let mut out = OpenTransition::new(self.now);
        workflow_options::apply(update, &mut self.run, &mut out)?;
        self.run.flush_buffer();
        Ok(())
    }

    /// Starts the run: schedules its next workflow task.
    pub fn start(mut self) -> (Run, Transition) {
        let mut out = OpenTransition::new(self.now);
        let run = &mut self.run;
        workflow_task::schedule_undispatched(run, TaskType::Normal, out.now, &out);
        for effect in run.pending_tasks() {
            out.effect(effect);
        }
        out.effect(Effect::VisibilityChanged);
        let transition = run.close_off(0, out, Reply::Done);
        (self.run, transition)
    }

    fn reapply_event(&mut self, event: HistoryEvent) {
        use Attributes as A;
        let mut out = OpenTransition::new(self.now);
        let run = &mut self.run;
        match event.attributes {
            Some(A::WorkflowExecutionSignaledEventAttributes(it)) if self.reapply.signals => {
                let signal = Signal {
                    name: it.signal_name,
                    input: it.input,
                    header: it.header,
                    identity: it.identity,
                    request_id: RequestId::from(it.request_id),
                    links: event.links,
                    ..Signal::default()
                };
                signal::record_again(signal, run, &mut out);
            }
            Some(A::WorkflowExecutionUpdateAdmittedEventAttributes(it)) if self.reapply.updates => {
                admit(run, it.request, it.origin, &out);
            }
            // Without a request it follows an admission, which has been recorded again.
            Some(A::WorkflowExecutionUpdateAcceptedEventAttributes(it)) if self.reapply.updates => {
                let origin = UpdateAdmittedEventOrigin::Reapply.into();
                admit(run, it.accepted_request, origin, &out);
            }
            Some(A::WorkflowExecutionOptionsUpdatedEventAttributes(it)) if self.reapply.options => {
                let id = it.attached_request_id.as_str();
                let is_known = !id.is_empty() && run.request_event(&RequestId::from(id)).is_some();
                if !is_known {
                    workflow_options::record(it, event.links, run, &mut out);
                }
            }
            Some(event) if self.reapply.children => {
                delivery::record_again(event, run, &mut out);
            }
            _ => {}
        }
        // No task is started, so that nothing waits for one.
        run.flush_buffer();
    }
}

/// Ends the current run because a reset starts the next one, which goes on for it: the parent waits
/// for that.
pub(crate) fn end_current(end: EndForReset, run: &mut Run, out: &mut OpenTransition) {
    let EndForReset { reason, reset_run } = end;
    task_end::end_failed(run, Failed::force_close(), out);
    let terminate = Terminate {
        reason,
        identity: RESETTER.to_owned(),
        ..Terminate::default()
    };
    termination::record(terminate, run, out);
    let status = WorkflowExecutionStatus::Terminated;
    match reset_run {
        // The new run has the children.
        Some(_) => run.close_leaving_children(status, out),
        None => run.close_unreported(status, out),
    }
    run.reset_run = reset_run;
}

/// The configuration of a run that starts at `now` as the base run did before. Timeouts begin again.
fn reset_config(base: &RunConfig, run_id: RunId, now: Time) -> RunConfig {
    let Timeouts { execution, run, .. } = base.timeouts;
    let execution_expires_at = execution.map(|timeout| now + timeout);
    let run_expires_at = run.map(|timeout| now + timeout);
    RunConfig {
        run_id,
        started_at: now,
        executes_at: now + base.executes_at.since(base.started_at),
        run_expires_at: match (run_expires_at, execution_expires_at) {
            (Some(run), Some(execution)) => Some(run.min(execution)),
            (run, execution) => run.or(execution),
        },
        execution_expires_at,
        ..base.clone()
    }
}

/// Fails the pending workflow task, after its start if that is not recorded.
fn fail_task(
    run: &mut Run,
    base_run_id: &RunId,
    reason: &str,
    out: &mut OpenTransition,
) -> EventId {
    if matches!(run.task, WorkflowTask::Scheduled(_)) {
        let request_id = RequestId::from("emptyUuid");
        let size = run.size();
        workflow_task::start_scheduled(
            run,
            request_id,
            SERVER.to_owned(),
            None,
            &PolledBy::no_queue(None),
            size,
            out,
        );
    }
    let task = task_end::take_started(run).expect("the task was started");
    let event = WorkflowTaskFailedEventAttributes {
        scheduled_event_id: task.task.scheduled.0,
        started_event_id: task.started.0,
        cause: WorkflowTaskFailedCause::ResetWorkflow.into(),
        failure: Some(failure::reset(reason)),
        identity: SERVER.to_owned(),
        base_run_id: base_run_id.to_string(),
        new_run_id: run.config.run_id.to_string(),
        ..Default::default()
    };
    run.task_attempt = 1;
    run.close_attempted = false;
    run.record(
        out.now,
        Attributes::WorkflowTaskFailedEventAttributes(event),
    )
}

/// Fails an activity whose start is among the events: its worker belongs to the base run.
fn fail_activity(run: &mut Run, scheduled: EventId, started: EventId, reason: &str, now: Time) {
    let identity = match &activity_task::pending(run, scheduled).state {
        ActivityState::Started { identity, .. } => identity.clone(),
        ActivityState::Waiting | ActivityState::Backoff { .. } => String::new(),
    };
    run.activities.remove(scheduled);
    let event = ActivityTaskFailedEventAttributes {
        failure: Some(failure::reset(reason)),
        scheduled_event_id: scheduled.0,
        started_event_id: started.0,
        identity,
        retry_state: RetryState::NonRetryableFailure.into(),
        ..Default::default()
    };
    run.record(now, Attributes::ActivityTaskFailedEventAttributes(event));
}

/// Records an update as admitted, unless the run has one of its id: later runs of a chain may use an
/// id again.
fn admit(run: &mut Run, request: Option<Request>, origin: i32, out: &OpenTransition) {
    let Some(request) = request else { return };
    let meta = request.meta.as_ref();
    let id = UpdateId::from(meta.map_or("", |meta| meta.update_id.as_str()));
    if run.updates.get(&id).is_some() {
        return;
    }
    let event = WorkflowExecutionUpdateAdmittedEventAttributes {
        request: Some(request),
        origin,
    };
    let event = run.record(
        out.now,
        Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(event),
    );
    run.updates.admit_recorded(id, event);
}

fn invalid(message: String) -> Rejection {
    Rejection::Invalid(Invalid(message))
}

/// How the server names itself where it ends a task.
const SERVER: &str = "history-service";
/// How the server names itself where it ends the current run.
const RESETTER: &str = "history-resetter";
