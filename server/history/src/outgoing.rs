//! Messages to other executions: what a run has to do for them, as it is delivered.

use std::sync::Arc;

use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::{ParentClosePolicy, WorkflowIdConflictPolicy};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    HistoryEvent, RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    SignalExternalWorkflowExecutionInitiatedEventAttributes,
    StartChildWorkflowExecutionInitiatedEventAttributes,
};
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

use crate::id::{EventId, OutgoingKey, OutgoingKind, RequestId, RunId};
use crate::input::{
    BeginFirstTask, ChildClosed, ChildEnd, Input, RequestCancel, Signal, Terminate,
};
use crate::open_transition::OpenTransition;
use crate::pending::outgoing::OutgoingEntry;
use crate::priority;
use crate::schedule;
use crate::start::{ChildStart, Parent};
use crate::state::Run;
use crate::time::Time;
use crate::transition::Effect;
use crate::versioning::InheritedVersion;
use crate::virtual_time::InheritedTime;

/// A message of a run to another execution of its namespace.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// Start a child, unless the execution of its id is already this child.
    StartChild(Box<ChildStart>),
    /// Apply an input to another run.
    Input {
        /// The run; the latest of the execution if it has no run id.
        target: WorkflowExecution,
        /// The input.
        input: Box<Input>,
    },
    /// Report the end of the workflow to the schedule that started it.
    ReportToSchedule {
        /// The schedule.
        schedule_id: Arc<str>,
        /// The end.
        closed: Box<schedule::Closed>,
    },
}

impl Run {
    /// A message that is to be delivered; none if it was delivered or withdrawn.
    pub fn outgoing(&self, key: OutgoingKey) -> Option<Outgoing> {
        let entry = self.outgoing.get(key)?;
        Some(match key.kind {
            OutgoingKind::StartChild => {
                Outgoing::StartChild(Box::new(self.child_start(key.event, entry)))
            }
            OutgoingKind::BeginChild => self.begin_child(key.event)?,
            OutgoingKind::Signal => self.signal_to(key.event, entry),
            OutgoingKind::RequestCancel => self.cancel_request_to(key.event),
            OutgoingKind::ClosePolicy => self.close_policy(key.event)?,
            OutgoingKind::ReportClose => self.close_report()?,
        })
    }

    /// When a message was sent, in the server's time: at the latest then, if the run has skipped time since.
    pub fn sent_at(&self, key: OutgoingKey) -> Time {
        let at = match key.kind {
            OutgoingKind::StartChild
            | OutgoingKind::BeginChild
            | OutgoingKind::Signal
            | OutgoingKind::RequestCancel => self
                .recorded(key.event)
                .event_time
                .map_or(self.config.started_at, Time::from),
            OutgoingKind::ClosePolicy | OutgoingKind::ReportClose => {
                self.virtual_closed_at().unwrap_or(self.config.started_at)
            }
        };
        self.server_time(at)
    }

    /// Whether a child of this workflow id, initiated before an event, is to be started.
    pub fn is_starting_child(&self, workflow_id: &str, before: EventId) -> bool {
        let mut children = self.children.iter();
        children.any(|(initiated, child)| {
            child.started.is_none() && initiated < before && *child.workflow_id == *workflow_id
        })
    }

    /// Whether the run has received a signal or a cancel request of another workflow, which is
    /// delivered at least once.
    pub fn has_received(&self, input: &Input) -> bool {
        match input {
            Input::Signal(signal) => self.requests.has_signal(&signal.request_id),
            Input::RequestCancel(cancel) => self.cancel_requested && self.has_recorded(cancel),
            Input::SignalWithStart(_)
            | Input::Terminate(_)
            | Input::Update(_)
            | Input::Attach(_)
            | Input::RepeatEagerStart
            | Input::ResetStickiness
            | Input::StartWorkflowTask(_)
            | Input::CompleteWorkflowTask(_)
            | Input::FailWorkflowTask(_)
            | Input::StartActivity(_)
            | Input::Heartbeat(_)
            | Input::CompleteActivity(_)
            | Input::FailActivity(_)
            | Input::CancelActivity(_)
            | Input::PauseActivities(_)
            | Input::UnpauseActivities(_)
            | Input::ResetActivities(_)
            | Input::UpdateActivityOptions(_)
            | Input::UpdateOptions(_)
            | Input::BeginFirstTask(_)
            | Input::ChildClosed(_)
            | Input::Delivered(_)
            | Input::Delete
            | Input::EndForReset(_)
            | Input::Due(_) => false,
        }
    }

    fn has_recorded(&self, cancel: &RequestCancel) -> bool {
        let mut events = self.events.events(0..self.events.len());
        events.any(|event| match event.attributes {
            Some(Attributes::WorkflowExecutionCancelRequestedEventAttributes(event)) => {
                event.external_workflow_execution == cancel.external
                    && event.external_initiated_event_id == cancel.external_initiated.0
            }
            _ => false,
        })
    }

    /// The run before this one in its chain.
    pub fn previous_run_id(&self) -> Option<RunId> {
        let first = self.recorded(EventId::FIRST).attributes?;
        match first {
            Attributes::WorkflowExecutionStartedEventAttributes(started) => {
                let previous = started.continued_execution_run_id;
                (!previous.is_empty()).then(|| previous.into())
            }
            _ => None,
        }
    }

    /// Adds a message, which is delivered after the commit.
    pub(crate) fn send(
        &mut self,
        key: OutgoingKey,
        entry: OutgoingEntry,
        out: &mut OpenTransition,
    ) {
        self.outgoing.add(key, entry);
        out.effect(Effect::Deliver(key));
    }

    fn child_start(&self, initiated: EventId, entry: &OutgoingEntry) -> ChildStart {
        let mut event = self.recorded(initiated);
        let attributes = child_attributes(initiated, event.attributes.take());
        // An override of its own takes precedence over what it would take over.
        let (versioning_override, inherited_version) = match attributes.versioning_override {
            Some(given) => (Some(given), InheritedVersion::None),
            None => (
                self.versioning.override_of_child(),
                self.versioning.of_child(),
            ),
        };
        let request = StartWorkflowExecutionRequest {
            workflow_id: attributes.workflow_id,
            workflow_type: attributes.workflow_type,
            task_queue: attributes.task_queue,
            input: attributes.input,
            header: attributes.header,
            workflow_execution_timeout: attributes.workflow_execution_timeout,
            workflow_run_timeout: attributes.workflow_run_timeout,
            workflow_task_timeout: attributes.workflow_task_timeout,
            request_id: self.child_request_id(initiated).to_string(),
            workflow_id_reuse_policy: attributes.workflow_id_reuse_policy,
            workflow_id_conflict_policy: WorkflowIdConflictPolicy::Fail.into(),
            retry_policy: attributes.retry_policy,
            cron_schedule: attributes.cron_schedule,
            memo: attributes.memo,
            search_attributes: attributes.search_attributes,
            user_metadata: event.user_metadata,
            versioning_override,
            priority: priority::merged(self.own_priority(), attributes.priority.as_ref()),
            time_skipping_config: attributes.time_skipping_config,
            ..Default::default()
        };
        let time = attributes.time_skipping_state_propagation.as_ref();
        ChildStart {
            inherited_version,
            inherited_time: time.map(InheritedTime::from_proto).unwrap_or_default(),
            request,
            run_id: entry.child_run_id.clone(),
            parent: Parent {
                namespace: attributes.namespace,
                namespace_id: attributes.namespace_id,
                execution: self.execution(),
                initiated,
            },
            root: self.config.root.clone().unwrap_or_else(|| self.execution()),
        }
    }

    /// The request id with which a child is started, as descriptions of the child show it.
    fn child_request_id(&self, initiated: EventId) -> RequestId {
        // The last number is the event's version, which only clusters of several servers count.
        RequestId::from(format!("{}:{initiated}:0", self.config.run_id))
    }

    fn begin_child(&self, initiated: EventId) -> Option<Outgoing> {
        let begin = BeginFirstTask {
            parent: self.execution(),
            initiated,
        };
        Some(Outgoing::Input {
            target: self.child_execution(initiated)?,
            input: Box::new(Input::BeginFirstTask(begin)),
        })
    }

    fn signal_to(&self, initiated: EventId, entry: &OutgoingEntry) -> Outgoing {
        let attributes = initiated_signal(self, initiated);
        let signal = Signal {
            name: attributes.signal_name,
            input: attributes.input,
            header: attributes.header,
            identity: SERVER.to_owned(),
            request_id: entry.request_id.clone(),
            links: Vec::new(),
            external: Some(self.execution()),
            child_only: attributes.child_workflow_only,
        };
        Outgoing::Input {
            target: attributes.workflow_execution.unwrap_or_default(),
            input: Box::new(Input::Signal(signal)),
        }
    }

    fn cancel_request_to(&self, initiated: EventId) -> Outgoing {
        let attributes = initiated_cancel(self, initiated);
        let cancel = RequestCancel {
            reason: attributes.reason,
            identity: SERVER.to_owned(),
            external: Some(self.execution()),
            external_initiated: initiated,
            child_only: attributes.child_workflow_only,
            ..RequestCancel::default()
        };
        Outgoing::Input {
            target: attributes.workflow_execution.unwrap_or_default(),
            input: Box::new(Input::RequestCancel(cancel)),
        }
    }

    /// Applies the close policy of a child of this closed run. A child whose start is not recorded may
    /// have started all the same: it is found by its workflow id and its parent.
    fn close_policy(&self, initiated: EventId) -> Option<Outgoing> {
        let child = self.children.get(initiated)?;
        let started = child.started.as_ref();
        let first_run_id = started.map(|started| started.run_id.clone());
        let input = match child.close_policy {
            ParentClosePolicy::Abandon => return self.begin_child(initiated),
            ParentClosePolicy::RequestCancel => Input::RequestCancel(RequestCancel {
                identity: SERVER.to_owned(),
                first_run_id,
                external: Some(self.execution()),
                child_only: true,
                ..RequestCancel::default()
            }),
            ParentClosePolicy::Terminate | ParentClosePolicy::Unspecified => {
                Input::Terminate(Terminate {
                    reason: "by parent close policy".to_owned(),
                    identity: SERVER.to_owned(),
                    first_run_id,
                    child_of: Some(self.execution()),
                    ..Terminate::default()
                })
            }
        };
        Some(Outgoing::Input {
            target: WorkflowExecution {
                workflow_id: child.workflow_id.to_string(),
                run_id: String::new(),
            },
            input: Box::new(input),
        })
    }

    fn close_report(&self) -> Option<Outgoing> {
        if let Some(schedule_id) = &self.config.schedule {
            return Some(Outgoing::ReportToSchedule {
                schedule_id: Arc::clone(schedule_id),
                closed: Box::new(self.scheduled_end()?),
            });
        }
        let parent = self.config.parent.as_ref()?;
        let closed = ChildClosed {
            initiated: parent.initiated,
            child: self.execution(),
            first_run_id: self.config.first_run_id.clone(),
            end: child_end(self.events.last()?.attributes?)?,
        };
        Some(Outgoing::Input {
            target: parent.execution.clone(),
            input: Box::new(Input::ChildClosed(Box::new(closed))),
        })
    }

    /// How the workflow has ended that this run is the last one of, as its schedule is to know it.
    /// None while it runs, or if no schedule has started it.
    pub fn scheduled_end(&self) -> Option<schedule::Closed> {
        self.config.schedule.as_ref()?;
        let end = child_end(self.events.last()?.attributes?)?;
        let (result, failure) = match end {
            ChildEnd::Completed(result) => (result, None),
            ChildEnd::Failed(failure, _) => (None, failure.map(|failure| *failure)),
            ChildEnd::Canceled(_) | ChildEnd::Terminated | ChildEnd::TimedOut(_) => (None, None),
        };
        Some(schedule::Closed {
            execution: WorkflowExecution {
                workflow_id: self.config.workflow_id.to_string(),
                run_id: self.config.first_run_id.to_string(),
            },
            status: self.status(),
            result,
            failure,
        })
    }

    /// The child's first run, or its execution while the run is not known.
    fn child_execution(&self, initiated: EventId) -> Option<WorkflowExecution> {
        let child = self.children.get(initiated)?;
        let started = child.started.as_ref();
        Some(WorkflowExecution {
            workflow_id: child.workflow_id.to_string(),
            run_id: started.map_or_else(String::new, |started| started.run_id.to_string()),
        })
    }

    /// The run's own name in messages.
    pub(crate) fn execution(&self) -> WorkflowExecution {
        WorkflowExecution {
            workflow_id: self.config.workflow_id.to_string(),
            run_id: self.config.run_id.to_string(),
        }
    }

    fn recorded(&self, event: EventId) -> HistoryEvent {
        let place = usize::try_from(event.0 - 1).expect("an event id");
        self.events.get(place).expect("the event is recorded")
    }
}

fn child_end(attributes: Attributes) -> Option<ChildEnd> {
    Some(match attributes {
        Attributes::WorkflowExecutionCompletedEventAttributes(a) => ChildEnd::Completed(a.result),
        Attributes::WorkflowExecutionFailedEventAttributes(a) => {
            let retry_state = a.retry_state();
            ChildEnd::Failed(a.failure.map(Box::new), retry_state)
        }
        Attributes::WorkflowExecutionCanceledEventAttributes(a) => ChildEnd::Canceled(a.details),
        Attributes::WorkflowExecutionTerminatedEventAttributes(_) => ChildEnd::Terminated,
        Attributes::WorkflowExecutionTimedOutEventAttributes(a) => {
            ChildEnd::TimedOut(a.retry_state())
        }
        _ => return None,
    })
}

/// The attributes of the event that initiated a child.
pub(crate) fn initiated_child(
    run: &Run,
    initiated: EventId,
) -> StartChildWorkflowExecutionInitiatedEventAttributes {
    child_attributes(initiated, run.recorded(initiated).attributes)
}

fn child_attributes(
    initiated: EventId,
    attributes: Option<Attributes>,
) -> StartChildWorkflowExecutionInitiatedEventAttributes {
    match attributes {
        Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(event)) => event,
        other => unreachable!("event {initiated} initiated a child, but is {other:?}"),
    }
}

/// The attributes of the event that initiated a signal.
pub(crate) fn initiated_signal(
    run: &Run,
    initiated: EventId,
) -> SignalExternalWorkflowExecutionInitiatedEventAttributes {
    match run.recorded(initiated).attributes {
        Some(Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(event)) => event,
        other => unreachable!("event {initiated} initiated a signal, but is {other:?}"),
    }
}

/// The attributes of the event that initiated a cancel request.
pub(crate) fn initiated_cancel(
    run: &Run,
    initiated: EventId,
) -> RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
    match run.recorded(initiated).attributes {
        Some(Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(event)) => {
            event
        }
        other => unreachable!("event {initiated} initiated a cancel request, but is {other:?}"),
    }
}

/// How the server names itself in the events of what it does for a workflow.
const SERVER: &str = "history-service";
