//! Reports on activities that are named by their ids: their attempts were handed out to another program.

use durably_engine::{FailureRecord, Payload};
use durably_proto::api::workflowservice::v1 as pb;

use super::{
    WireError, failure,
    heartbeat::HeartbeatResponse,
    payload,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
};

/// An activity by its ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActivityIds {
    pub(crate) execution: Execution,
    pub(crate) activity_id: String,
}

/// Reports the result of an activity.
#[derive(Debug)]
pub(crate) struct CompleteActivityById {
    pub(crate) activity: ActivityIds,
    pub(crate) result: Payload,
}

/// Reports the failure of an activity's attempt.
#[derive(Debug)]
pub(crate) struct FailActivityById {
    pub(crate) activity: ActivityIds,
    pub(crate) failure: FailureRecord,
}

/// Reports that an activity has ended because it was cancelled.
#[derive(Debug)]
pub(crate) struct CancelActivityById {
    pub(crate) activity: ActivityIds,
    pub(crate) details: Payload,
}

/// Reports that an activity is alive.
#[derive(Debug)]
pub(crate) struct RecordHeartbeatById {
    pub(crate) activity: ActivityIds,
    pub(crate) details: Payload,
}

impl Request for CompleteActivityById {
    type Message = pb::RespondActivityTaskCompletedByIdRequest;
    type Reply = pb::RespondActivityTaskCompletedByIdResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let (execution, activity_id) = (self.activity.execution, self.activity.activity_id);
        pb::RespondActivityTaskCompletedByIdRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            activity_id,
            result: payload::list_to_proto(vec![self.result]),
            ..Default::default()
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Subject::workflow(&message.workflow_id)
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for FailActivityById {
    type Message = pb::RespondActivityTaskFailedByIdRequest;
    type Reply = pb::RespondActivityTaskFailedByIdResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let (execution, activity_id) = (self.activity.execution, self.activity.activity_id);
        pb::RespondActivityTaskFailedByIdRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            activity_id,
            failure: Some(failure::to_proto(self.failure)),
            ..Default::default()
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Subject::workflow(&message.workflow_id)
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for CancelActivityById {
    type Message = pb::RespondActivityTaskCanceledByIdRequest;
    type Reply = pb::RespondActivityTaskCanceledByIdResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let (execution, activity_id) = (self.activity.execution, self.activity.activity_id);
        pb::RespondActivityTaskCanceledByIdRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            activity_id,
            details: payload::list_to_proto(vec![self.details]),
            ..Default::default()
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Subject::workflow(&message.workflow_id)
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for RecordHeartbeatById {
    type Message = pb::RecordActivityTaskHeartbeatByIdRequest;
    type Reply = pb::RecordActivityTaskHeartbeatByIdResponse;
    type Response = HeartbeatResponse;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let (execution, activity_id) = (self.activity.execution, self.activity.activity_id);
        pb::RecordActivityTaskHeartbeatByIdRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            activity_id,
            details: payload::list_to_proto(vec![self.details]),
            ..Default::default()
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Subject::workflow(&message.workflow_id)
    }

    fn read(reply: Self::Reply) -> Result<HeartbeatResponse, WireError> {
        Ok(HeartbeatResponse::of(
            reply.cancel_requested,
            reply.activity_paused,
            reply.activity_reset,
        ))
    }
}
