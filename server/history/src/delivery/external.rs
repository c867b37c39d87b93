//! Signals and cancel requests to other workflows: their answers.

use durably_proto::api::enums::v1::{
    CancelExternalWorkflowExecutionFailedCause, SignalExternalWorkflowExecutionFailedCause,
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    ExternalWorkflowExecutionCancelRequestedEventAttributes,
    ExternalWorkflowExecutionSignaledEventAttributes,
    RequestCancelExternalWorkflowExecutionFailedEventAttributes,
    SignalExternalWorkflowExecutionFailedEventAttributes,
};

use crate::id::{EventId, OutgoingKind};
use crate::open_transition::OpenTransition;
use crate::outgoing::{initiated_cancel, initiated_signal};
use crate::state::Run;
use crate::transition::Reply;

/// Records that the other workflow has the signal.
pub(super) fn signaled(initiated: EventId, run: &mut Run, out: &mut OpenTransition) -> Reply {
    let Some(entry) = run.outgoing.remove(OutgoingKind::Signal.of(initiated)) else {
        return Reply::AlreadyDone;
    };
    let attributes = initiated_signal(run, initiated);
    let event = ExternalWorkflowExecutionSignaledEventAttributes {
        initiated_event_id: initiated.0,
        namespace: entry.namespace.to_string(),
        namespace_id: attributes.namespace_id,
        workflow_execution: attributes.workflow_execution,
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show it")]
    let event = ExternalWorkflowExecutionSignaledEventAttributes {
        control: attributes.control,
        ..event
    };
    record(
        Attributes::ExternalWorkflowExecutionSignaledEventAttributes(event),
        run,
        out,
    )
}

/// Records that the signal could not be delivered.
pub(super) fn signal_failed(
    initiated: EventId,
    cause: SignalExternalWorkflowExecutionFailedCause,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Reply {
    let Some(entry) = run.outgoing.remove(OutgoingKind::Signal.of(initiated)) else {
        return Reply::AlreadyDone;
    };
    let attributes = initiated_signal(run, initiated);
    let event = SignalExternalWorkflowExecutionFailedEventAttributes {
        cause: cause.into(),
        namespace: entry.namespace.to_string(),
        namespace_id: attributes.namespace_id,
        workflow_execution: attributes.workflow_execution,
        initiated_event_id: initiated.0,
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show it")]
    let event = SignalExternalWorkflowExecutionFailedEventAttributes {
        control: attributes.control,
        ..event
    };
    record(
        Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(event),
        run,
        out,
    )
}

/// Records that the other workflow has the cancel request, or has closed.
pub(super) fn cancel_requested(
    initiated: EventId,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Reply {
    let key = OutgoingKind::RequestCancel.of(initiated);
    let Some(entry) = run.outgoing.remove(key) else {
        return Reply::AlreadyDone;
    };
    let attributes = initiated_cancel(run, initiated);
    let event = ExternalWorkflowExecutionCancelRequestedEventAttributes {
        initiated_event_id: initiated.0,
        namespace: entry.namespace.to_string(),
        namespace_id: attributes.namespace_id,
        workflow_execution: attributes.workflow_execution,
    };
    record(
        Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(event),
        run,
        out,
    )
}

/// Records that the cancel request could not be delivered.
pub(super) fn request_cancel_failed(
    initiated: EventId,
    cause: CancelExternalWorkflowExecutionFailedCause,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Reply {
    let key = OutgoingKind::RequestCancel.of(initiated);
    let Some(entry) = run.outgoing.remove(key) else {
        return Reply::AlreadyDone;
    };
    let attributes = initiated_cancel(run, initiated);
    // The real server leaves `control` out here.
    let event = RequestCancelExternalWorkflowExecutionFailedEventAttributes {
        cause: cause.into(),
        namespace: entry.namespace.to_string(),
        namespace_id: attributes.namespace_id,
        workflow_execution: attributes.workflow_execution,
        initiated_event_id: initiated.0,
        ..Default::default()
    };
    record(
        Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(event),
        run,
        out,
    )
}

fn record(event: Attributes, run: &mut Run, out: &mut OpenTransition) -> Reply {
    run.buffer(out.now, event);
    run.ensure_workflow_task(out);
    Reply::Done
}
