//! Activity tasks, and the reports on their attempts.

use std::time::{Duration, Instant, SystemTime};

use durably_engine::{FailureRecord, Header, Payload, Priority, RetryPolicy};
use durably_proto::api::workflowservice::v1 as pb;

use super::{
    WireError, event, failure, payload,
    request::{Execution, Request, Sender},
    sizes::Sizes,
    status::CodecFault,
    time::{instant, limit},
};

/// One attempt of an activity, as the server hands it out.
#[derive(Debug)]
pub(crate) struct ActivityTask {
    pub(crate) token: Vec<u8>,
    pub(crate) activity_id: String,
    pub(crate) activity_type: String,
    /// From 1.
    pub(crate) attempt: u32,
    pub(crate) execution: Execution,
    pub(crate) workflow_type: String,
    pub(crate) namespace: String,
    pub(crate) input: Vec<Payload>,
    pub(crate) header: Header,
    /// Details of the previous attempt's last heartbeat.
    pub(crate) heartbeat_details: Vec<Payload>,
    pub(crate) scheduled_at: Option<SystemTime>,
    pub(crate) attempt_scheduled_at: Option<SystemTime>,
    pub(crate) started_at: Option<SystemTime>,
    pub(crate) start_to_close: Option<Duration>,
    pub(crate) schedule_to_close: Option<Duration>,
    pub(crate) heartbeat_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) priority: Priority,
    /// When the server returned it: about when the time of the attempt began.
    pub(crate) arrived: Instant,
    /// Why the payloads could not be decoded; the attempt has to fail.
    pub(crate) fault: Option<CodecFault>,
}

impl ActivityTask {
    pub(super) fn from_proto(task: pb::PollActivityTaskQueueResponse) -> Result<Self, WireError> {
        const PLACE: &str = "activity task";
        let missing = |field| move || WireError::missing(PLACE, field);
        let activity_type = task.activity_type.ok_or_else(missing("activity_type"))?;
        let execution = task
            .workflow_execution
            .ok_or_else(missing("workflow_execution"))?;
        Ok(Self {
            token: task.task_token,
            activity_id: task.activity_id,
            activity_type: activity_type.name,
            attempt: u32::try_from(task.attempt).unwrap_or(1),
            execution: Execution::from_proto(execution),
            workflow_type: task.workflow_type.unwrap_or_default().name,
            namespace: task.workflow_namespace,
            input: payload::list_from_proto(task.input),
            header: payload::header_from_proto(task.header),
            heartbeat_details: payload::list_from_proto(task.heartbeat_details),
            scheduled_at: task.scheduled_time.and_then(instant),
            attempt_scheduled_at: task.current_attempt_scheduled_time.and_then(instant),
            started_at: task.started_time.and_then(instant),
            start_to_close: limit(task.start_to_close_timeout),
            schedule_to_close: limit(task.schedule_to_close_timeout),
            heartbeat_timeout: limit(task.heartbeat_timeout),
            retry: task.retry_policy.map(event::retry_policy),
            priority: task.priority.map(event::priority).unwrap_or_default(),
            arrived: Instant::now(),
            fault: None,
        })
    }

    /// The task, which arrived at that time.
    pub(super) fn arrived_at(self, arrived: Instant) -> Self {
        Self { arrived, ..self }
    }

    pub(super) fn undecodable(mut self, fault: CodecFault) -> Self {
        self.fault = Some(fault);
        self
    }
}

/// Reports the result of an attempt.
#[derive(Debug)]
pub(crate) struct CompleteActivity {
    pub(crate) token: Vec<u8>,
    pub(crate) result: Payload,
}

/// Reports that an attempt has ended because it was cancelled.
#[derive(Debug)]
pub(crate) struct CancelActivity {
    pub(crate) token: Vec<u8>,
    pub(crate) details: Option<Payload>,
}

/// Reports the failure of an attempt.
#[derive(Debug)]
pub(crate) struct FailActivity {
    pub(crate) token: Vec<u8>,
    pub(crate) failure: FailureRecord,
    /// Details of a heartbeat that the server does not have yet.
    pub(crate) last_heartbeat: Option<Payload>,
}

impl Request for CompleteActivity {
    type Message = pb::RespondActivityTaskCompletedRequest;
    type Reply = pb::RespondActivityTaskCompletedResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::RespondActivityTaskCompletedRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            task_token: self.token,
            result: payload::list_to_proto(vec![self.result]),
            ..Default::default()
        }
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        sizes.payloads(message.result.as_ref(), || {
            "the result of the activity".to_owned()
        });
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for CancelActivity {
    type Message = pb::RespondActivityTaskCanceledRequest;
    type Reply = pb::RespondActivityTaskCanceledResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::RespondActivityTaskCanceledRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            task_token: self.token,
            details: payload::list_to_proto(self.details.into_iter().collect()),
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for FailActivity {
    type Message = pb::RespondActivityTaskFailedRequest;
    type Reply = pb::RespondActivityTaskFailedResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::RespondActivityTaskFailedRequest {
            namespace: sender.namespace(),
            identity: sender.identity(),
            task_token: self.token,
            failure: Some(failure::to_proto(self.failure)),
            last_heartbeat_details: payload::list_to_proto(
                self.last_heartbeat.into_iter().collect(),
            ),
            ..Default::default()
        }
    }

    /// The failure itself is not measured: the server cuts one that is too large, and keeps it.
    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        sizes.payloads(message.last_heartbeat_details.as_ref(), || {
            "the details of the last heartbeat".to_owned()
        });
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}
