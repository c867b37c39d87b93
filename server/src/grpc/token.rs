//! Tokens that workers and clients return. They are opaque to clients, so every other content is
//! refused as invalid.

use std::sync::Arc;

use durably_history::{
    ActivityTaskToken, EventId, RunId, Stamp, StartedWorkflowTask, WorkflowTaskToken,
};
use durably_proto::Message;
use durably_proto::api::history::v1::HistoryEvent;

use super::check;
use crate::error::{Error, ListError};
use crate::namespace::{Namespace, Namespaces};

/// The task token of a workflow task.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WorkflowToken {
    #[prost(string, tag = "1")]
    pub(crate) workflow_id: String,
    #[prost(string, tag = "2")]
    pub(crate) run_id: String,
    #[prost(int64, tag = "3")]
    pub(crate) scheduled: i64,
    #[prost(int64, tag = "4")]
    pub(crate) started: i64,
    #[prost(uint32, tag = "5")]
    pub(crate) attempt: u32,
    #[prost(uint64, tag = "6")]
    pub(crate) stamp: u64,
    #[prost(string, tag = "12")]
    pub(crate) namespace: String,
}

/// The task token of an attempt at an activity.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ActivityToken {
    #[prost(string, tag = "1")]
    pub(crate) workflow_id: String,
    #[prost(string, tag = "2")]
    pub(crate) run_id: String,
    #[prost(int64, tag = "7")]
    pub(crate) scheduled: i64,
    #[prost(uint32, tag = "8")]
    pub(crate) attempt: u32,
    #[prost(string, tag = "12")]
    pub(crate) namespace: String,
}

/// The task token of a direct query.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct QueryToken {
    #[prost(fixed64, tag = "9")]
    pub(crate) id: u64,
    #[prost(bool, tag = "10")]
    pub(crate) is_query: bool,
    #[prost(string, tag = "12")]
    pub(crate) namespace: String,
}

/// The page token of a history read.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HistoryToken {
    #[prost(string, tag = "1")]
    pub(crate) run_id: String,
    /// Number of events on earlier pages.
    #[prost(uint64, tag = "2")]
    pub(crate) seen: u64,
    /// Number of events that this reader is shown; none for all that there will be.
    #[prost(uint64, optional, tag = "3")]
    pub(crate) end: Option<u64>,
    /// Events of a transient or speculative task, shown after the last recorded one.
    #[prost(message, repeated, tag = "4")]
    pub(crate) transient: Vec<HistoryEvent>,
}

impl WorkflowToken {
    pub(crate) fn new(
        namespace: &str,
        workflow_id: &str,
        run_id: &RunId,
        task: &StartedWorkflowTask,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_string(),
            scheduled: task.token.scheduled.0,
            started: task.token.started.0,
            attempt: task.token.attempt,
            stamp: task.token.stamp.0,
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, |token: &Self| {
            !token.workflow_id.is_empty() && token.attempt > 0
        })
    }

    pub(crate) fn task(&self) -> WorkflowTaskToken {
        WorkflowTaskToken {
            scheduled: EventId(self.scheduled),
            started: EventId(self.started),
            attempt: self.attempt,
            stamp: Stamp(self.stamp),
        }
    }
}

impl ActivityToken {
    pub(crate) fn new(
        namespace: &str,
        workflow_id: &str,
        run_id: &RunId,
        task: ActivityTaskToken,
    ) -> Self {
        Self {
            namespace: namespace.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_string(),
            scheduled: task.scheduled.0,
            attempt: task.attempt,
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, |token: &Self| {
            !token.workflow_id.is_empty() && token.attempt > 0
        })
    }

    pub(crate) fn task(&self) -> ActivityTaskToken {
        ActivityTaskToken {
            scheduled: EventId(self.scheduled),
            attempt: self.attempt,
        }
    }
}

impl QueryToken {
    pub(crate) fn new(namespace: &str, id: u64) -> Self {
        Self {
            id,
            is_query: true,
            namespace: namespace.to_owned(),
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, |token: &Self| token.is_query)
    }
}

impl HistoryToken {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::decode(bytes)
            .ok()
            .filter(|token| !token.run_id.is_empty())
            .ok_or_else(|| ListError::BadPageToken.into())
    }
}

/// The namespace of a task token. As on the real server it is the one that counts, and a request that
/// names another is refused.
pub(crate) fn namespace_of(
    namespaces: &Namespaces,
    token: &str,
    request: &str,
) -> Result<Arc<Namespace>, Error> {
    let named = namespaces.find(request);
    if named.is_ok_and(|named| *named.name != *token) {
        return Err(check::invalid(
            "Operation requested with a token from a different namespace.",
        ));
    }
    namespaces.find(token)
}

fn decode<T: Message + Default>(bytes: &[u8], is_whole: fn(&T) -> bool) -> Result<T, Error> {
    if bytes.is_empty() {
        return Err(Error::Invalid("Task token not set on request.".to_owned()));
    }
    T::decode(bytes)
        .ok()
        .filter(is_whole)
        .ok_or_else(|| Error::Invalid("Error deserializing task token.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_one_kind_are_not_accepted_as_another() {
        let task = ActivityTaskToken {
            scheduled: EventId(5),
            attempt: 2,
        };
        let activity = ActivityToken::new("n", "w", &"r".into(), task).encode_to_vec();
        let query = QueryToken::new("n", 0).encode_to_vec();
        assert_eq!(
            ActivityToken::from_bytes(&activity)
                .map(|token| token.task())
                .ok(),
            Some(task)
        );
        assert!(QueryToken::from_bytes(&query).is_ok());
        assert!(WorkflowToken::from_bytes(&activity).is_err());
        assert!(WorkflowToken::from_bytes(&query).is_err());
        assert!(ActivityToken::from_bytes(&query).is_err());
        assert!(QueryToken::from_bytes(&activity).is_err());
        assert!(WorkflowToken::from_bytes(b"junk").is_err());
        assert!(HistoryToken::from_bytes(b"\xff\xff").is_err());
    }
}
