//! Messages to domain types and back: the only place where an `Option` from protobuf is opened.

pub(crate) mod activity_operations;
pub(crate) mod activity_task;
pub(crate) mod async_activity;
pub(crate) mod batch;
pub(crate) mod calendar;
pub(crate) mod child;
pub(crate) mod command;
mod command_sizes;
pub(crate) mod deployment;
pub(crate) mod deployment_changes;
pub(crate) mod describe;
pub(crate) mod encoded_failure;
mod error;
pub(crate) mod event;
pub(crate) mod external;
pub(crate) mod failure;
pub(crate) mod heartbeat;
pub(crate) mod history;
#[cfg(feature = "replay")]
pub(crate) mod json;
#[cfg(feature = "replay")]
mod json_styles;
pub(crate) mod list;
mod marker;
pub(crate) mod namespace;
pub(crate) mod page;
pub(crate) mod payload;
pub(crate) mod payload_fields;
pub(crate) mod poll;
#[cfg(feature = "replay")]
pub(crate) mod protobuf;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod reset;
pub(crate) mod respond;
pub(crate) mod result;
pub(crate) mod routing;
pub(crate) mod schedule;
pub(crate) mod schedule_spec;
pub(crate) mod shutdown;
pub(crate) mod signal;
pub(crate) mod sizes;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod task_queue;
pub(crate) mod time;
pub(crate) mod time_skipping;
mod timeline;
pub(crate) mod update;
pub(crate) mod worker_heartbeat;
pub(crate) mod workers;
pub(crate) mod workflow_options;
pub(crate) mod workflow_task;

#[cfg(test)]
#[path = "tests/children.rs"]
mod children;
#[cfg(test)]
#[path = "tests/headers.rs"]
mod headers;
#[cfg(test)]
#[path = "tests/schedules.rs"]
mod schedules;

pub(crate) use self::error::{Fault, WireError};

/// The messages that a simulated worker receives and sends.
#[cfg(feature = "simulation")]
pub(crate) mod messages {
    pub(crate) use durably_proto::api::workflowservice::v1::{
        PollWorkflowTaskQueueResponse, RespondQueryTaskCompletedRequest,
        RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest,
    };
}

/// The search attribute that lists the patches of a run.
const CHANGE_VERSION: &str = "TemporalChangeVersion";
