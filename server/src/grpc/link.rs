//! Links from a response to the event that the request caused.

use durably_history::RunId;
use durably_proto::api::common::v1::Link;
use durably_proto::api::common::v1::link::workflow_event::{
    EventReference, Reference, RequestIdReference,
};
use durably_proto::api::common::v1::link::{Variant, Workflow, WorkflowEvent};
use durably_proto::api::enums::v1::EventType;

use crate::execution::Execution;

/// A link to the first event of a run.
pub(super) fn to_start(execution: &Execution, run_id: &RunId) -> Link {
    let first = EventReference {
        event_id: 1,
        event_type: EventType::WorkflowExecutionStarted.into(),
    };
    to_event(execution, run_id, Reference::EventRef(first))
}

/// A link to the event of this type that a request caused or will cause.
pub(super) fn to_request(
    execution: &Execution,
    run_id: &RunId,
    request_id: &str,
    event_type: EventType,
) -> Link {
    let request = RequestIdReference {
        request_id: request_id.to_owned(),
        event_type: event_type.into(),
    };
    to_event(execution, run_id, Reference::RequestIdRef(request))
}

/// A link to a run, for a request that recorded no event.
pub(super) fn to_run(execution: &Execution, run_id: &RunId, reason: &str) -> Link {
    let run = Workflow {
        namespace: execution.namespace.name.to_string(),
        workflow_id: execution.workflow_id().to_string(),
        run_id: run_id.to_string(),
        reason: reason.to_owned(),
    };
    Link {
        variant: Some(Variant::Workflow(run)),
    }
}

fn to_event(execution: &Execution, run_id: &RunId, reference: Reference) -> Link {
    let event = WorkflowEvent {
        namespace: execution.namespace.name.to_string(),
        workflow_id: execution.workflow_id().to_string(),
        run_id: run_id.to_string(),
        reference: Some(reference),
    };
    Link {
        variant: Some(Variant::WorkflowEvent(event)),
    }
}
