//! A failure as history records it, without loss in either direction.

use std::time::Duration;

use crate::{EventId, Payload};

/// One failure and what caused it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FailureRecord {
    /// What happened, for people.
    pub message: String,
    /// The SDK that wrote the failure.
    pub source: String,
    /// Stack trace in the form of the language that wrote it; may be empty.
    pub stack_trace: String,
    /// Message and stack trace in encoded form, when the writer encrypts them.
    pub encoded_attributes: Option<Payload>,
    /// The failure this one wraps.
    pub cause: Option<Box<Self>>,
    /// What kind of failure it is.
    pub info: FailureInfo,
}

impl FailureRecord {
    /// Whether the failure is expected: it is not counted.
    pub const fn is_benign(&self) -> bool {
        matches!(
            self.info,
            FailureInfo::Application {
                category: FailureCategory::Benign,
                ..
            }
        )
    }
}

/// What kind of failure a [`FailureRecord`] is, with what only that kind carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum FailureInfo {
    /// The writer did not say.
    #[default]
    Unset,
    /// Raised by user code.
    Application {
        /// Name of the error type; retry policies match on it.
        kind: String,
        /// Never tried again.
        non_retryable: bool,
        /// What user code attached.
        details: Vec<Payload>,
        /// Pause before the next attempt, instead of the retry policy's.
        next_retry_delay: Option<Duration>,
        /// How loud the failure is.
        category: FailureCategory,
    },
    /// A timeout ran out.
    Timeout {
        /// Which one.
        kind: TimeoutKind,
        /// Details of the activity's last heartbeat.
        last_heartbeat_details: Vec<Payload>,
    },
    /// Cancelled.
    Canceled {
        /// What user code attached.
        details: Vec<Payload>,
    },
    /// Terminated by a client.
    Terminated,
    /// Raised by the server.
    Server {
        /// Never tried again.
        non_retryable: bool,
    },
    /// The workflow was reset while the activity ran.
    ResetWorkflow {
        /// Details of the activity's last heartbeat.
        last_heartbeat_details: Vec<Payload>,
    },
    /// An activity failed; the cause says how.
    Activity {
        /// Event that scheduled it.
        scheduled: EventId,
        /// Event that started the last attempt.
        started: EventId,
        /// Worker of the last attempt.
        identity: String,
        /// Type of the activity.
        activity_type: String,
        /// Id of the activity.
        activity_id: String,
        /// Why it is not tried again.
        retry_state: RetryState,
    },
    /// A child workflow failed; the cause says how.
    ChildWorkflow {
        /// Namespace of the child.
        namespace: String,
        /// Id of the child.
        workflow_id: String,
        /// Run of the child.
        run_id: String,
        /// Type of the child.
        workflow_type: String,
        /// Event that initiated it.
        initiated: EventId,
        /// Event that says it started.
        started: EventId,
        /// Why it is not tried again.
        retry_state: RetryState,
    },
    /// A Nexus operation failed; the cause says how.
    NexusOperation {
        /// Event that scheduled it.
        scheduled: EventId,
        /// Endpoint it was sent to.
        endpoint: String,
        /// Service it belongs to.
        service: String,
        /// Name of the operation.
        operation: String,
        /// Id of the operation, deprecated in favour of the token.
        operation_id: String,
        /// Token of the started operation.
        operation_token: String,
    },
    /// A Nexus handler failed.
    NexusHandler {
        /// Kind of handler error.
        kind: String,
        /// What the handler says of retrying: unspecified, retryable, not retryable.
        retry_behavior: i32,
    },
}

/// How loud an application failure is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureCategory {
    /// Not said.
    #[default]
    Unspecified,
    /// Expected: not logged as an error, not counted.
    Benign,
    /// A category this version does not know.
    Other(i32),
}

/// Which timeout ran out.
///
/// ```
/// use durably_engine::TimeoutKind;
///
/// /// Whether an activity was lost, not slow.
/// fn is_lost(timeout: TimeoutKind) -> bool {
///     matches!(timeout, TimeoutKind::Heartbeat | TimeoutKind::ScheduleToStart)
/// }
/// assert!(!is_lost(TimeoutKind::StartToClose));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeoutKind {
    /// Not said.
    #[default]
    Unspecified,
    /// One attempt took too long.
    StartToClose,
    /// No worker took it in time.
    ScheduleToStart,
    /// All attempts together took too long.
    ScheduleToClose,
    /// The activity has sent no heartbeat for too long.
    Heartbeat,
    /// A kind this version does not know.
    Other(i32),
}

/// Why something that failed is or is not tried again.
///
/// ```
/// use durably_engine::RetryState;
///
/// /// Whether more attempts or more time could have helped.
/// fn is_exhausted(state: RetryState) -> bool {
///     matches!(state, RetryState::MaximumAttemptsReached | RetryState::Timeout)
/// }
/// assert!(!is_exhausted(RetryState::NonRetryableFailure));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryState {
    /// Not said.
    #[default]
    Unspecified,
    /// It is being tried again.
    InProgress,
    /// The failure is not retryable.
    NonRetryableFailure,
    /// No time is left.
    Timeout,
    /// No attempt is left.
    MaximumAttemptsReached,
    /// There is no retry policy.
    RetryPolicyNotSet,
    /// The server could not.
    InternalServerError,
    /// It was asked to stop.
    CancelRequested,
    /// A state this version does not know.
    Other(i32),
}

impl FailureRecord {
    /// A failure with a message, without a cause.
    pub fn new(message: impl Into<String>, info: FailureInfo) -> Self {
        Self {
            message: message.into(),
            info,
            ..Self::default()
        }
    }

    /// The same failure, with what it wraps.
    pub fn caused_by(mut self, cause: Self) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }
}
