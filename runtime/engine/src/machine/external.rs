//! What signals to other workflows and requests to cancel them have in common.

/// Another workflow, as a command names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The namespace of the run, which is that of the other workflow too.
    pub namespace: String,
    /// Id of the workflow.
    pub workflow_id: String,
    /// The run; empty for the current one.
    pub run_id: String,
    /// The server refuses a workflow that is not a child of the run.
    pub child: bool,
}

/// Why a signal or a request to cancel did not reach the other workflow.
///
/// ```
/// use durably_engine::ExternalFault;
///
/// for fault in [ExternalFault::NotFound, ExternalFault::Other(9)] {
///     assert_eq!(ExternalFault::from_kind(&fault.kind()), Some(fault));
/// }
/// assert_eq!(ExternalFault::from_kind("SoldOut"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalFault {
    /// No such workflow is running.
    NotFound,
    /// The namespace does not exist.
    NamespaceNotFound,
    /// The workflow has received as many signals as the server allows.
    SignalLimit,
    /// A reason this version does not know, by its number.
    Other(i32),
}

/// How a signal or a request to cancel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalOutcome {
    /// The other workflow has it.
    Delivered,
    /// The other workflow does not have it.
    Failed(ExternalFault),
    /// User code took it back before it was sent.
    Cancelled,
}

impl ExternalFault {
    const NOT_FOUND: &str = "ExternalWorkflowExecutionNotFound";
    const NAMESPACE_NOT_FOUND: &str = "NamespaceNotFound";
    const SIGNAL_LIMIT: &str = "SignalCountLimitExceeded";
    const OTHER: &str = "ExternalWorkflowExecutionFailed";

    /// The kind of application failure that stands for it in a chain of causes.
    pub fn kind(self) -> String {
        match self {
            Self::NotFound => Self::NOT_FOUND.to_owned(),
            Self::NamespaceNotFound => Self::NAMESPACE_NOT_FOUND.to_owned(),
            Self::SignalLimit => Self::SIGNAL_LIMIT.to_owned(),
            Self::Other(cause) => format!("{}{cause}", Self::OTHER),
        }
    }

    /// Reads it from such a failure.
    pub fn from_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            Self::NOT_FOUND => Self::NotFound,
            Self::NAMESPACE_NOT_FOUND => Self::NamespaceNotFound,
            Self::SIGNAL_LIMIT => Self::SignalLimit,
            other => Self::Other(other.strip_prefix(Self::OTHER)?.parse().ok()?),
        })
    }
}

impl From<Result<(), ExternalFault>> for ExternalOutcome {
    fn from(answer: Result<(), ExternalFault>) -> Self {
        match answer {
            Ok(()) => Self::Delivered,
            Err(fault) => Self::Failed(fault),
        }
    }
}
