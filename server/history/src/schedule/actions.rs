//! What the schedule does: decides the buffer, hands actions out and takes their results in.

use durably_proto::api::common::v1::{Payload, WorkflowExecution};
use durably_proto::api::enums::v1::{
    ScheduleOverlapPolicy as Overlap, WorkflowExecutionStatus as Status, WorkflowIdReusePolicy,
};
use durably_proto::api::schedule::v1::{ScheduleActionResult, schedule_action};
use durably_proto::api::workflow::v1::NewWorkflowExecutionInfo;
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

use super::Schedule;
use super::action::{Action, ActionId, ActionResult, Closed, EndRun, PendingAction, PendingKind};
use super::buffer::{BufferedStart, EndOthers, decide};
use crate::json;
use crate::local_time::Moment;
use crate::time::Time;

impl Schedule {
    /// The action that is to be delivered next.
    pub fn next_action(&self) -> Option<ActionId> {
        self.pending.front().map(|pending| pending.id)
    }

    /// An action that has no result; none if it has.
    pub fn action(&self, id: ActionId) -> Option<Action> {
        let pending = self.pending.iter().find(|pending| pending.id == id)?;
        Some(match &pending.kind {
            PendingKind::Start {
                start, execution, ..
            } => {
                let mut request = self.start_request(start)?;
                request.workflow_id.clone_from(&execution.workflow_id);
                request.request_id.clone_from(&execution.run_id);
                Action::Start {
                    request: Box::new(request),
                    run_id: execution.run_id.as_str().into(),
                }
            }
            PendingKind::Cancel(execution) => Action::Cancel(self.end_run(execution, "cancelled")),
            PendingKind::Terminate(execution) => {
                Action::Terminate(self.end_run(execution, "terminated"))
            }
        })
    }

    /// The workflows whose end the schedule has not taken in, also the one that its next action starts.
    pub fn awaited_ends(&self) -> Vec<WorkflowExecution> {
        // Only the first action is handed out, so no later one has started a workflow.
        let next = self.pending.front();
        let starting = next.and_then(|pending| match &pending.kind {
            PendingKind::Start { execution, .. } => Some(execution),
            PendingKind::Cancel(_) | PendingKind::Terminate(_) => None,
        });
        let running = self.info.running_workflows.iter();
        running.chain(starting).cloned().collect()
    }

    /// Takes the result of an action in. A repetition has no effect.
    pub fn finish_action(&mut self, id: ActionId, result: ActionResult, now: Time) {
        let Some(place) = self.pending.iter().position(|pending| pending.id == id) else {
            return;
        };
        let Some(done) = self.pending.remove(place) else {
            return;
        };
        match (done.kind, result) {
            (
                PendingKind::Start {
                    start,
                    execution,
                    overlaps,
                    closed,
                },
                ActionResult::Started(at),
            ) => {
                self.record_start(&start, execution, overlaps, at);
                if let Some(closed) = closed {
                    self.record_close(*closed);
                }
            }
            // The next start may be due instead.
            (PendingKind::Start { .. }, ActionResult::Refused | ActionResult::Ended) => {
                self.is_undecided = true;
            }
            (PendingKind::Cancel(_) | PendingKind::Terminate(_), _) => {}
        }
        self.decide_further(now);
    }

    /// Takes the end of a workflow in that the schedule has started. A repetition has no effect.
    pub fn workflow_closed(&mut self, closed: Closed, now: Time) {
        let closed_execution = closed.execution.clone();
        let starting = self
            .pending
            .iter_mut()
            .find_map(|pending| match &mut pending.kind {
                PendingKind::Start {
                    execution, closed, ..
                } => (*execution == closed_execution).then_some(closed),
                PendingKind::Cancel(_) | PendingKind::Terminate(_) => None,
            });
        match starting {
            // The end has overtaken the result of the start.
            Some(early) => *early = Some(Box::new(closed)),
            None => self.record_close(closed),
        }
        self.advance(now);
    }

    /// Decides which of the buffered starts are due. Waits while there are actions without a result.
    pub(super) fn decide(&mut self, now: Time) {
        while self.is_undecided && self.pending.is_empty() {
            self.is_undecided = false;
            if self.new_workflow().is_none() {
                self.buffer.clear();
                return;
            }
            let is_running = !self.info.running_workflows.is_empty();
            let buffer = std::mem::take(&mut self.buffer);
            let decision = decide(buffer, is_running, self.policy());
            self.buffer = decision.buffer;
            let skipped = i64::try_from(decision.skipped).unwrap_or(i64::MAX);
            self.info.overlap_skipped = self.info.overlap_skipped.saturating_add(skipped);
            let overlapping = decision.overlapping.into_iter().map(|start| (start, true));
            let exclusive = decision.exclusive.into_iter().map(|start| (start, false));
            for (start, overlaps) in overlapping.chain(exclusive) {
                if !start.is_manual && !self.count_action() {
                    // The next one in the buffer may be manual.
                    self.is_undecided = true;
                    continue;
                }
                let execution = WorkflowExecution {
                    workflow_id: self.workflow_id(&start),
                    run_id: self.random.first_run_id(now).to_string(),
                };
                self.send(PendingKind::Start {
                    execution,
                    start,
                    overlaps,
                    closed: None,
                });
            }
            let running = self.info.running_workflows.clone().into_iter();
            match decision.end_others {
                EndOthers::No => {}
                EndOthers::Cancel => running.for_each(|it| self.send(PendingKind::Cancel(it))),
                EndOthers::Terminate => {
                    running.for_each(|it| self.send(PendingKind::Terminate(it)));
                }
            }
        }
    }

    /// Counts an action of the schedule's own times; returns false if it may not be taken.
    fn count_action(&mut self) -> bool {
        if !self.may_act() {
            return false;
        }
        let state = self.state_mut();
        if state.limited_actions {
            state.remaining_actions -= 1;
            self.conflict_token += 1;
        }
        true
    }

    fn send(&mut self, kind: PendingKind) {
        let id = ActionId(self.next_action);
        self.next_action += 1;
        self.pending.push_back(PendingAction { id, kind });
    }

    fn record_start(
        &mut self,
        start: &BufferedStart,
        execution: WorkflowExecution,
        overlaps: bool,
        at: Time,
    ) {
        self.info.action_count += 1;
        let recent = &mut self.info.recent_actions;
        recent.push(ScheduleActionResult {
            schedule_time: Some(start.actual.into()),
            actual_time: Some(at.into()),
            start_workflow_result: Some(execution.clone()),
            start_workflow_status: Status::Running.into(),
        });
        if recent.len() > RECENT_ACTIONS {
            recent.remove(0);
        }
        if !overlaps {
            self.info.running_workflows.push(execution);
        }
    }

    fn record_close(&mut self, closed: Closed) {
        let Closed {
            execution,
            status,
            result,
            failure,
        } = closed;
        let mut recent = self.info.recent_actions.iter_mut();
        let action =
            recent.find(|action| action.start_workflow_result.as_ref() == Some(&execution));
        if let Some(action) = action {
            action.set_start_workflow_status(status);
        }
        let running = &mut self.info.running_workflows;
        // Runs that may overlap do not take part in what follows.
        let Some(place) = running.iter().position(|it| *it == execution) else {
            return;
        };
        running.remove(place);
        self.is_undecided = true;
        let id = &execution.workflow_id;
        let notes = match status {
            Status::Failed => {
                let message = failure.as_ref().map_or("", |failure| &failure.message);
                Some(format!("paused due to workflow failure: {id}: {message}"))
            }
            Status::TimedOut => Some(format!("paused due to workflow timeout: {id}")),
            Status::Unspecified
            | Status::Running
            | Status::Completed
            | Status::Canceled
            | Status::Terminated
            | Status::ContinuedAsNew
            | Status::Paused => None,
        };
        if let Some(notes) = notes
            && self.policies().pause_on_failure
            && !self.state().paused
        {
            self.set_paused(true, notes);
        }
        if result.is_some() {
            self.last_completion_result = result;
            self.last_failure = None;
        } else if failure.is_some() {
            self.last_failure = failure;
        }
    }

    pub(super) fn new_workflow(&self) -> Option<&NewWorkflowExecutionInfo> {
        match self.definition.action.as_ref()?.action.as_ref()? {
            schedule_action::Action::StartWorkflow(workflow) => Some(workflow),
        }
    }

    /// The request without its own id and that of the workflow.
    fn start_request(&self, start: &BufferedStart) -> Option<StartWorkflowExecutionRequest> {
        let workflow = self.new_workflow()?.clone();
        let is_apart = start.overlap == Overlap::AllowAll;
        let reuse = match start.is_manual {
            true => WorkflowIdReusePolicy::AllowDuplicate,
            false => WorkflowIdReusePolicy::RejectDuplicate,
        };
        let mut attributes = workflow.search_attributes.unwrap_or_default();
        let fields = &mut attributes.indexed_fields;
        fields.insert(STARTED_AT.to_owned(), json_text(&written(start.nominal)));
        fields.insert(STARTED_BY.to_owned(), json_text(&self.name.id));
        Some(StartWorkflowExecutionRequest {
            namespace: self.name.namespace.clone(),
            workflow_type: workflow.workflow_type,
            task_queue: workflow.task_queue,
            input: workflow.input,
            workflow_execution_timeout: workflow.workflow_execution_timeout,
            workflow_run_timeout: workflow.workflow_run_timeout,
            workflow_task_timeout: workflow.workflow_task_timeout,
            identity: self.identity(),
            workflow_id_reuse_policy: reuse.into(),
            retry_policy: workflow.retry_policy,
            memo: workflow.memo,
            search_attributes: Some(attributes),
            header: workflow.header,
            // Runs that may overlap have none before them.
            last_completion_result: self.last_completion_result.clone().filter(|_| !is_apart),
            continued_failure: self.last_failure.clone().filter(|_| !is_apart),
            user_metadata: workflow.user_metadata,
            priority: workflow.priority,
            versioning_override: workflow.versioning_override,
            ..StartWorkflowExecutionRequest::default()
        })
    }

    fn workflow_id(&self, start: &BufferedStart) -> String {
        let workflow = self.new_workflow();
        let id = workflow.map_or("", |workflow| &workflow.workflow_id);
        format!("{id}-{}", written(start.nominal))
    }

    fn end_run(&self, execution: &WorkflowExecution, end: &str) -> EndRun {
        EndRun {
            execution: execution.clone(),
            identity: self.identity(),
            reason: format!("{end} by schedule overlap policy"),
        }
    }

    fn identity(&self) -> String {
        format!(
            "temporal-scheduler-{}-{}",
            self.name.namespace, self.name.id
        )
    }
}

/// A time in whole seconds as RFC 3339 has it, in UTC.
fn written(time: Time) -> String {
    let seconds = time.as_unix_nanos().div_euclid(1_000_000_000);
    let Moment {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = Moment::new(seconds, &jiff::tz::TimeZone::UTC);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A text as the payload of a search attribute.
fn json_text(text: &str) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: json::string(text).into_bytes(),
        ..Payload::default()
    }
}

const STARTED_BY: &str = "TemporalScheduledById";
const STARTED_AT: &str = "TemporalScheduledStartTime";
/// The real server's value.
const RECENT_ACTIONS: usize = 10;
