//! Children: their starts and their ends.

use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::StartChildWorkflowExecutionFailedCause;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    ChildWorkflowExecutionCanceledEventAttributes, ChildWorkflowExecutionCompletedEventAttributes,
    ChildWorkflowExecutionFailedEventAttributes, ChildWorkflowExecutionStartedEventAttributes,
    ChildWorkflowExecutionTerminatedEventAttributes, ChildWorkflowExecutionTimedOutEventAttributes,
    StartChildWorkflowExecutionFailedEventAttributes,
    StartChildWorkflowExecutionInitiatedEventAttributes,
};

use crate::id::{EventId, OutgoingKind, RunId};
use crate::input::{ChildClosed, ChildEnd};
use crate::open_transition::OpenTransition;
use crate::outgoing::initiated_child;
use crate::pending::children::StartedChild;
use crate::pending::outgoing::OutgoingEntry;
use crate::state::Run;
use crate::transition::Reply;

/// Records that the child has started; its first workflow task can now be dispatched.
pub(super) fn started(
    initiated: EventId,
    run_id: RunId,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Reply {
    let message = run.outgoing.remove(OutgoingKind::StartChild.of(initiated));
    if message.is_none() {
        return Reply::AlreadyDone;
    }
    record_started(initiated, run_id, run, out);
    let begin = OutgoingKind::BeginChild.of(initiated);
    run.send(begin, OutgoingEntry::default(), out);
    run.ensure_workflow_task(out);
    Reply::Done
}

/// Records that the child could not be started.
pub(super) fn start_failed(
    initiated: EventId,
    cause: StartChildWorkflowExecutionFailedCause,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Reply {
    let message = run.outgoing.remove(OutgoingKind::StartChild.of(initiated));
    if message.is_none() {
        return Reply::AlreadyDone;
    }
    record_start_failed(initiated, cause, run, out);
    run.ensure_workflow_task(out);
    Reply::Done
}

fn record_start_failed(
    initiated: EventId,
    cause: StartChildWorkflowExecutionFailedCause,
    run: &mut Run,
    out: &mut OpenTransition,
) {
    run.children.remove(initiated);
    let attributes = initiated_child(run, initiated);
    let event = StartChildWorkflowExecutionFailedEventAttributes {
        namespace: attributes.namespace,
        namespace_id: attributes.namespace_id,
        workflow_id: attributes.workflow_id,
        workflow_type: attributes.workflow_type,
        cause: cause.into(),
        initiated_event_id: initiated.0,
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show it")]
    let event = StartChildWorkflowExecutionFailedEventAttributes {
        control: attributes.control,
        ..event
    };
    run.buffer(
        out.now,
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(event),
    );
}

/// Records that the last run of a child's chain has closed. A report about another child changes
/// nothing.
pub(crate) fn closed(closed: ChildClosed, run: &mut Run, out: &mut OpenTransition) -> Reply {
    let ChildClosed {
        initiated,
        child,
        first_run_id,
        end,
    } = closed;
    let Some(known) = run.children.get(initiated) else {
        return Reply::AlreadyDone;
    };
    let attributes = initiated_child(run, initiated);
    let is_other = known
        .started
        .as_ref()
        .is_some_and(|started| started.run_id != first_run_id);
    if is_other || attributes.workflow_id != child.workflow_id {
        return Reply::AlreadyDone;
    }
    // The report may come before the answer to the start.
    if known.started.is_none() {
        run.outgoing.remove(OutgoingKind::StartChild.of(initiated));
        record_started(initiated, first_run_id, run, out);
    }
    record_end(initiated, child, end, run, out);
    run.ensure_workflow_task(out);
    Reply::Done
}

fn record_end(
    initiated: EventId,
    child: WorkflowExecution,
    end: ChildEnd,
    run: &mut Run,
    out: &mut OpenTransition,
) {
    run.outgoing.remove(OutgoingKind::BeginChild.of(initiated));
    let known = run.children.remove(initiated);
    let started = known.and_then(|child| child.started);
    let attributes = initiated_child(run, initiated);
    let event = ended(end, initiated, started.as_ref(), child, attributes);
    run.buffer(out.now, event);
}

/// Records again what became of a pending child, as an event of another run says. Schedules no task.
pub(crate) fn record_again(event: Attributes, run: &mut Run, out: &mut OpenTransition) {
    use Attributes as A;
    let (initiated, child, end) = match event {
        A::StartChildWorkflowExecutionFailedEventAttributes(it) => {
            let initiated = EventId(it.initiated_event_id);
            let message = OutgoingKind::StartChild.of(initiated);
            if is_pending(run, initiated, &it.workflow_id) && run.outgoing.remove(message).is_some()
            {
                record_start_failed(initiated, it.cause(), run, out);
            }
            return;
        }
        A::ChildWorkflowExecutionStartedEventAttributes(it) => {
            let initiated = EventId(it.initiated_event_id);
            let child = it.workflow_execution.unwrap_or_default();
            let message = OutgoingKind::StartChild.of(initiated);
            if is_pending(run, initiated, &child.workflow_id)
                && run.outgoing.remove(message).is_some()
            {
                record_started(initiated, child.run_id.into(), run, out);
            }
            return;
        }
        A::ChildWorkflowExecutionCompletedEventAttributes(it) => {
            let end = ChildEnd::Completed(it.result);
            (it.initiated_event_id, it.workflow_execution, end)
        }
        A::ChildWorkflowExecutionFailedEventAttributes(it) => {
            let retry_state = it.retry_state();
            let end = ChildEnd::Failed(it.failure.map(Box::new), retry_state);
            (it.initiated_event_id, it.workflow_execution, end)
        }
        A::ChildWorkflowExecutionCanceledEventAttributes(it) => {
            let end = ChildEnd::Canceled(it.details);
            (it.initiated_event_id, it.workflow_execution, end)
        }
        A::ChildWorkflowExecutionTimedOutEventAttributes(it) => {
            let end = ChildEnd::TimedOut(it.retry_state());
            (it.initiated_event_id, it.workflow_execution, end)
        }
        A::ChildWorkflowExecutionTerminatedEventAttributes(it) => {
            let end = ChildEnd::Terminated;
            (it.initiated_event_id, it.workflow_execution, end)
        }
        _ => return,
    };
    let (initiated, child) = (EventId(initiated), child.unwrap_or_default());
    if is_pending(run, initiated, &child.workflow_id) {
        record_end(initiated, child, end, run, out);
    }
}

/// Whether a child of this workflow id is pending: a later run of a chain may have initiated another one by an event
/// of the same number.
fn is_pending(run: &Run, initiated: EventId, workflow_id: &str) -> bool {
    let child = run.children.get(initiated);
    child.is_some_and(|child| *child.workflow_id == *workflow_id)
}

fn record_started(initiated: EventId, run_id: RunId, run: &mut Run, out: &mut OpenTransition) {
    let attributes = initiated_child(run, initiated);
    let event = ChildWorkflowExecutionStartedEventAttributes {
        namespace: attributes.namespace,
        namespace_id: attributes.namespace_id,
        initiated_event_id: initiated.0,
        workflow_execution: Some(WorkflowExecution {
            workflow_id: attributes.workflow_id,
            run_id: run_id.to_string(),
        }),
        workflow_type: attributes.workflow_type,
        header: attributes.header,
    };
    run.children.start(initiated, run_id);
    run.buffer(
        out.now,
        Attributes::ChildWorkflowExecutionStartedEventAttributes(event),
    );
}

/// The event of a child's end. The link to the started event is set later if that is buffered.
fn ended(
    end: ChildEnd,
    initiated: EventId,
    started: Option<&StartedChild>,
    child: WorkflowExecution,
    attributes: StartChildWorkflowExecutionInitiatedEventAttributes,
) -> Attributes {
    let StartChildWorkflowExecutionInitiatedEventAttributes {
        namespace,
        namespace_id,
        workflow_type,
        ..
    } = attributes;
    let initiated_event_id = initiated.0;
    let started = started.and_then(|started| started.event);
    let started_event_id = started.unwrap_or_default().0;
    let workflow_execution = Some(child);
    match end {
        ChildEnd::Completed(result) => Attributes::ChildWorkflowExecutionCompletedEventAttributes(
            ChildWorkflowExecutionCompletedEventAttributes {
                result,
                namespace,
                namespace_id,
                workflow_execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
            },
        ),
        ChildEnd::Failed(failure, retry_state) => {
            Attributes::ChildWorkflowExecutionFailedEventAttributes(
                ChildWorkflowExecutionFailedEventAttributes {
                    failure: failure.map(|failure| *failure),
                    retry_state: retry_state.into(),
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                },
            )
        }
        ChildEnd::Canceled(details) => Attributes::ChildWorkflowExecutionCanceledEventAttributes(
            ChildWorkflowExecutionCanceledEventAttributes {
                details,
                namespace,
                namespace_id,
                workflow_execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
            },
        ),
        ChildEnd::Terminated => Attributes::ChildWorkflowExecutionTerminatedEventAttributes(
            ChildWorkflowExecutionTerminatedEventAttributes {
                namespace,
                namespace_id,
                workflow_execution,
                workflow_type,
                initiated_event_id,
                started_event_id,
            },
        ),
        ChildEnd::TimedOut(retry_state) => {
            Attributes::ChildWorkflowExecutionTimedOutEventAttributes(
                ChildWorkflowExecutionTimedOutEventAttributes {
                    retry_state: retry_state.into(),
                    namespace,
                    namespace_id,
                    workflow_execution,
                    workflow_type,
                    initiated_event_id,
                    started_event_id,
                },
            )
        }
    }
}
