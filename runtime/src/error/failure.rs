//! Why something failed, as the server reports it.

use std::fmt;

use durably_engine::{FailureInfo, FailureRecord, TimeoutKind};

use super::{
    ActivityError, AppError, ChildError, Details, TypedError,
    chain::{self, links},
    meaning::Mark,
    record::SOURCE,
};
use crate::data::Converter;

/// Why something failed, as the server reports it; from any SDK.
///
/// ```
/// # use durably::{ActivityError, error::{Failure, TimeoutKind}};
/// # fn verdict(error: ActivityError) -> &'static str {
/// match error.cause {
///     Failure::App(app) if app.kind == "OutOfStock" => "sold out",
///     Failure::Timeout(TimeoutKind::Heartbeat) => "its worker is gone",
///     Failure::Cancelled => "stopped",
///     _ => "no idea",
/// }
/// # }
/// ```
///
/// Whatever it is, these read it:
///
/// ```
/// use durably::{AppError, error::Failure};
///
/// fn describe(failure: &Failure) -> String {
///     if failure.is_cancelled() {
///         return "cancelled".to_owned();
///     }
///     if let Some(kind) = failure.timeout() {
///         return format!("timeout: {kind:?}");
///     }
///     // The application's error may be that of an activity which failed the workflow.
///     let app: Option<&AppError> = failure.app();
///     let kinds: Vec<_> = failure.apps().map(|app| &*app.kind).collect();
///     format!("{app:?} {kinds:?}, {} links", failure.chain().count())
/// }
/// assert_eq!(describe(&Failure::Cancelled), "cancelled");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// Returned by the application.
    App(Box<AppError>),
    /// A timeout ran out.
    Timeout(TimeoutKind),
    /// Cancelled.
    Cancelled,
    /// Terminated by a client.
    Terminated,
    /// An activity failed, and the workflow with it.
    Activity(Box<ActivityError>),
    /// A child workflow failed, and the workflow with it.
    Child(Box<ChildError>),
    /// Raised by the server.
    Server(ServerFailure),
    /// A kind that this version has no name for.
    Other(OtherFailure),
}

/// A failure that the server raised by itself.
///
/// ```
/// use durably::error::{Failure, ServerFailure};
///
/// /// Whether another attempt can help.
/// fn can_be_retried(failure: &Failure) -> bool {
///     match failure {
///         Failure::Server(ServerFailure { message, non_retryable, .. }) => {
///             println!("the server: {message}");
///             !non_retryable
///         }
///         other => !other.is_cancelled(),
///     }
/// }
/// assert!(!can_be_retried(&Failure::Cancelled));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerFailure {
    /// What happened.
    pub message: String,
    /// It is not retried.
    pub non_retryable: bool,
    /// What led to it: the failure that was too large, for one, cut to a size that is allowed.
    pub cause: Option<Box<Failure>>,
}

/// A failure of a kind that this version has no name for.
///
/// ```
/// use durably::error::{Failure, OtherFailure};
///
/// /// The messages of a failure and of its causes.
/// fn messages(other: &OtherFailure) -> Vec<String> {
///     let mut messages = vec![other.message.clone()];
///     messages.extend(other.cause.iter().map(|cause: &Box<Failure>| cause.to_string()));
///     messages
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct OtherFailure {
    /// What happened.
    pub message: String,
    /// What led to it.
    pub cause: Option<Box<Failure>>,
    /// The failure as history records it.
    record: Box<FailureRecord>,
}

/// As its public fields, without the record that it was read from, which repeats them as bytes.
impl fmt::Debug for OtherFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherFailure")
            .field("message", &self.message)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl Failure {
    /// What the server recorded, with the converter of who received it.
    pub(crate) fn from_record(record: FailureRecord, converter: &Converter) -> Self {
        match record.info {
            FailureInfo::Application { .. } => Self::App(Box::new(app_error(record, converter))),
            FailureInfo::Timeout { kind, .. } => Self::Timeout(kind),
            FailureInfo::Canceled { .. } => Self::Cancelled,
            FailureInfo::Terminated => Self::Terminated,
            FailureInfo::Activity { .. } => {
                Self::Activity(Box::new(ActivityError::from_record(record, converter)))
            }
            FailureInfo::ChildWorkflow { .. } => {
                Self::Child(Box::new(ChildError::from_record(record, converter)))
            }
            FailureInfo::Server { non_retryable } => Self::Server(ServerFailure {
                cause: recorded_cause(&record, converter),
                message: record.message,
                non_retryable,
            }),
            _ => Self::Other(OtherFailure::from_record(record, converter)),
        }
    }

    /// The cause of a record that wraps one; the record's own message if it wraps nothing.
    pub(super) fn cause_of(record: &FailureRecord, converter: &Converter) -> Self {
        match &record.cause {
            Some(cause) => Self::from_record((**cause).clone(), converter),
            None => Self::Other(OtherFailure::from_record(record.clone(), converter)),
        }
    }

    pub(super) fn to_record(&self, converter: &Converter) -> FailureRecord {
        match self {
            Self::App(app) => app.to_record(converter),
            Self::Activity(activity) => activity.to_record(),
            Self::Child(child) => child.to_record(),
            Self::Other(other) => (*other.record).clone(),
            Self::Timeout(kind) => FailureRecord::new(
                self.to_string(),
                FailureInfo::Timeout {
                    kind: *kind,
                    last_heartbeat_details: Vec::new(),
                },
            ),
            Self::Cancelled => FailureRecord {
                message: "cancelled".to_owned(),
                source: SOURCE.to_owned(),
                info: FailureInfo::Canceled {
                    details: Vec::new(),
                },
                ..FailureRecord::default()
            },
            Self::Terminated => FailureRecord::new("terminated", FailureInfo::Terminated),
            Self::Server(server) => FailureRecord {
                message: server.message.clone(),
                cause: server
                    .cause
                    .as_ref()
                    .map(|it| Box::new(it.to_record(converter))),
                info: FailureInfo::Server {
                    non_retryable: server.non_retryable,
                },
                ..FailureRecord::default()
            },
        }
    }

    /// Whether this is a cancellation, also one of an activity or child.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled => true,
            Self::Activity(activity) => activity.is_cancelled(),
            Self::Child(child) => child.is_cancelled(),
            _ => false,
        }
    }

    /// Which timeout ran out, if this is one; one that ran out further down is another's.
    pub fn timeout(&self) -> Option<TimeoutKind> {
        match self {
            Self::Timeout(kind) => Some(*kind),
            _ => None,
        }
    }
}

links!(Failure);

impl OtherFailure {
    fn from_record(record: FailureRecord, converter: &Converter) -> Self {
        Self {
            message: record.message.clone(),
            cause: recorded_cause(&record, converter),
            record: Box::new(record),
        }
    }
}

fn recorded_cause(record: &FailureRecord, converter: &Converter) -> Option<Box<Failure>> {
    let cause = record.cause.as_deref()?;
    Some(Box::new(Failure::from_record(cause.clone(), converter)))
}

fn app_error(mut record: FailureRecord, converter: &Converter) -> AppError {
    let FailureInfo::Application {
        kind,
        non_retryable,
        details,
        next_retry_delay,
        ..
    } = record.info.clone()
    else {
        return AppError::new(AppError::PLAIN, record.message);
    };
    AppError {
        kind,
        message: std::mem::take(&mut record.message),
        details: Details::received(details, converter),
        non_retryable,
        next_retry_delay,
        cause: recorded_cause(&record, converter),
        origin: Some(Box::new(record)),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(app) => app.fmt(f),
            Self::Activity(activity) => activity.fmt(f),
            Self::Child(child) => child.fmt(f),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Terminated => f.write_str("terminated"),
            Self::Server(server) => f.write_str(&server.message),
            Self::Other(other) => f.write_str(&other.message),
            Self::Timeout(kind) => f.write_str(match kind {
                TimeoutKind::StartToClose => "start-to-close timeout",
                TimeoutKind::ScheduleToStart => "schedule-to-start timeout",
                TimeoutKind::ScheduleToClose => "schedule-to-close timeout",
                TimeoutKind::Heartbeat => "heartbeat timeout",
                TimeoutKind::Unspecified | TimeoutKind::Other(_) => "timeout",
            }),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::App(app) => app.source(),
            Self::Activity(activity) => activity.source(),
            Self::Child(child) => child.source(),
            Self::Cancelled => Some(&Mark::OtherCancelled),
            Self::Server(ServerFailure { cause, .. }) | Self::Other(OtherFailure { cause, .. }) => {
                Some(&**cause.as_ref()?)
            }
            Self::Timeout(_) | Self::Terminated => None,
        }
    }
}
