//! The configuration as a part.

use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::common::v1::{Payloads, Priority, RetryPolicy as RetryPolicyMessage};
use durably_proto::api::sdk::v1::UserMetadata;
use durably_proto::wkt;

use crate::cron::CronSchedule;
use crate::id::EventId;
use crate::retry::RetryPolicy;
use crate::snapshot::message::{counter, nanos, required, time, timeout, timeout_message};
use crate::start::{Parent, Timeouts};
use crate::state::RunConfig;
use crate::time::{Time, to_proto};

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ConfigMessage {
    #[prost(string, tag = "1")]
    workflow_id: String,
    #[prost(string, tag = "2")]
    run_id: String,
    #[prost(string, tag = "3")]
    first_run_id: String,
    #[prost(string, tag = "4")]
    request_id: String,
    #[prost(string, tag = "5")]
    workflow_type: String,
    #[prost(string, tag = "6")]
    task_queue: String,
    #[prost(message, optional, tag = "7")]
    execution_timeout: Option<wkt::Duration>,
    #[prost(message, optional, tag = "8")]
    run_timeout: Option<wkt::Duration>,
    #[prost(message, optional, tag = "9")]
    task_timeout: Option<wkt::Duration>,
    #[prost(message, optional, tag = "10")]
    retry_policy: Option<RetryPolicyMessage>,
    #[prost(string, optional, tag = "11")]
    cron: Option<String>,
    #[prost(uint32, tag = "12")]
    attempt: u32,
    #[prost(sfixed64, tag = "13")]
    started_at: i64,
    #[prost(sfixed64, tag = "14")]
    executes_at: i64,
    #[prost(sfixed64, optional, tag = "15")]
    run_expires_at: Option<i64>,
    #[prost(sfixed64, optional, tag = "16")]
    execution_expires_at: Option<i64>,
    #[prost(message, optional, tag = "17")]
    parent: Option<ParentMessage>,
    #[prost(message, optional, tag = "18")]
    root: Option<WorkflowExecution>,
    #[prost(message, optional, tag = "19")]
    user_metadata: Option<UserMetadata>,
    #[prost(message, optional, tag = "20")]
    priority: Option<Priority>,
    #[prost(message, optional, tag = "21")]
    last_completion_result: Option<Payloads>,
    #[prost(string, optional, tag = "22")]
    schedule: Option<String>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct ParentMessage {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(string, tag = "2")]
    namespace_id: String,
    #[prost(message, optional, tag = "3")]
    execution: Option<WorkflowExecution>,
    #[prost(int64, tag = "4")]
    initiated: i64,
}

impl From<&RunConfig> for ConfigMessage {
    fn from(config: &RunConfig) -> Self {
        Self {
            workflow_id: config.workflow_id.to_string(),
            run_id: config.run_id.to_string(),
            first_run_id: config.first_run_id.to_string(),
            request_id: config.request_id.to_string(),
            workflow_type: config.workflow_type.clone(),
            task_queue: config.task_queue.to_string(),
            execution_timeout: timeout_message(config.timeouts.execution),
            run_timeout: timeout_message(config.timeouts.run),
            task_timeout: Some(to_proto(config.timeouts.task)),
            retry_policy: config.retry_policy.as_ref().map(RetryPolicy::to_proto),
            cron: config.cron.as_ref().map(|cron| cron.as_str().to_owned()),
            attempt: config.attempt,
            started_at: config.started_at.as_unix_nanos(),
            executes_at: config.executes_at.as_unix_nanos(),
            run_expires_at: nanos(config.run_expires_at),
            execution_expires_at: nanos(config.execution_expires_at),
            parent: config.parent.as_ref().map(|parent| ParentMessage {
                namespace: parent.namespace.clone(),
                namespace_id: parent.namespace_id.clone(),
                execution: Some(parent.execution.clone()),
                initiated: parent.initiated.0,
            }),
            root: config.root.clone(),
            user_metadata: config.user_metadata.clone(),
            priority: config.priority.clone(),
            last_completion_result: config.last_completion_result.clone(),
            schedule: config.schedule.as_deref().map(str::to_owned),
        }
    }
}

impl TryFrom<ConfigMessage> for RunConfig {
    type Error = String;

    fn try_from(message: ConfigMessage) -> Result<Self, String> {
        let task_timeout = timeout("the task timeout", message.task_timeout)?;
        let retry_policy = message
            .retry_policy
            .as_ref()
            .map(RetryPolicy::from_proto)
            .transpose()
            .map_err(|invalid| invalid.0)?;
        let cron = message.cron.as_deref().map(CronSchedule::of_stored);
        let parent = message.parent.map(|parent| {
            Ok::<_, String>(Parent {
                namespace: parent.namespace,
                namespace_id: parent.namespace_id,
                execution: required("parent", parent.execution)?,
                initiated: EventId(parent.initiated),
            })
        });
        Ok(Self {
            workflow_id: message.workflow_id.into(),
            run_id: message.run_id.into(),
            first_run_id: message.first_run_id.into(),
            request_id: message.request_id.into(),
            workflow_type: message.workflow_type,
            task_queue: message.task_queue.into(),
            timeouts: Timeouts {
                execution: timeout("the execution timeout", message.execution_timeout)?,
                run: timeout("the run timeout", message.run_timeout)?,
                task: required("task timeout", task_timeout)?,
            },
            retry_policy,
            cron: cron.transpose().map_err(|invalid| invalid.0)?,
            attempt: counter("the attempt", message.attempt, u32::MAX)?,
            started_at: Time::from_unix_nanos(message.started_at),
            executes_at: Time::from_unix_nanos(message.executes_at),
            run_expires_at: time(message.run_expires_at),
            execution_expires_at: time(message.execution_expires_at),
            parent: parent.transpose()?,
            schedule: message.schedule.map(Into::into),
            root: message.root,
            user_metadata: message.user_metadata,
            priority: message.priority,
            last_completion_result: message.last_completion_result,
        })
    }
}
