//! Heartbeats of activities.

use durably_engine::Payload;
use durably_proto::api::workflowservice::v1 as pb;

use super::{
    WireError, payload,
    request::{Request, Sender},
    sizes::Sizes,
};

/// Reports that an attempt is alive.
#[derive(Debug)]
pub(crate) struct RecordHeartbeat {
    pub(crate) token: Vec<u8>,
    pub(crate) details: Option<Payload>,
}

/// What the server wants the attempt to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeartbeatResponse {
    Continue,
    /// The workflow requested its cancellation.
    Cancel,
    Paused,
    Reset,
}

impl HeartbeatResponse {
    pub(super) const fn of(cancel_requested: bool, paused: bool, reset: bool) -> Self {
        if cancel_requested {
            Self::Cancel
        } else if paused {
            Self::Paused
        } else if reset {
            Self::Reset
        } else {
            Self::Continue
        }
    }
}

impl Request for RecordHeartbeat {
    type Message = pb::RecordActivityTaskHeartbeatRequest;
    type Reply = pb::RecordActivityTaskHeartbeatResponse;
    type Response = HeartbeatResponse;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::RecordActivityTaskHeartbeatRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            task_token: self.token,
            details: payload::list_to_proto(self.details.into_iter().collect()),
            ..Default::default()
        }
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        sizes.payloads(message.details.as_ref(), || {
            "the details of the heartbeat".to_owned()
        });
    }

    fn read(reply: Self::Reply) -> Result<HeartbeatResponse, WireError> {
        Ok(HeartbeatResponse::of(
            reply.cancel_requested,
            reply.activity_paused,
            reply.activity_reset,
        ))
    }
}
