//! Bad commands: why a workflow task fails instead of completing.

use std::fmt;

use durably_proto::api::enums::v1::{CommandType, WorkflowTaskFailedCause as Cause};

/// The error in a command or message; the workflow task fails with it.
pub(crate) struct BadCommand {
    pub cause: Cause,
    /// The text for the worker and the history.
    pub message: String,
    /// A retry cannot help, so the run is terminated.
    pub fatal: bool,
}

impl BadCommand {
    /// An error that other code or a retry can fix.
    pub(crate) fn new(cause: Cause, message: String) -> Self {
        Self {
            cause,
            message: format!("{}: {message}", name(cause)),
            fatal: false,
        }
    }

    /// The worker must first see the buffered events.
    pub(crate) fn unhandled() -> Self {
        let cause = Cause::UnhandledCommand;
        Self {
            cause,
            message: name(cause),
            fatal: false,
        }
    }

    /// A size limit is exceeded; a retry would exceed it again.
    pub(crate) fn too_large(cause: Cause, message: &str) -> Self {
        Self {
            fatal: true,
            ..Self::new(cause, message.to_owned())
        }
    }
}

/// The real server's text for a command that does not fit the run's state.
pub(crate) fn invalid_state(action: &str, what: &str, id: &impl fmt::Display) -> String {
    format!("invalid history builder state for action: {action}, {what}: {id}")
}

/// The cause as the real server writes it: `BadStartTimerAttributes`.
fn name(cause: Cause) -> String {
    camel_case(cause.as_str_name(), "WORKFLOW_TASK_FAILED_CAUSE_")
}

/// The command's type as the real server writes it: `StartTimer`.
pub(crate) fn command_name(kind: CommandType) -> String {
    camel_case(kind.as_str_name(), "COMMAND_TYPE_")
}

fn camel_case(text: &str, prefix: &str) -> String {
    let text = text.strip_prefix(prefix).unwrap_or(text);
    text.split('_')
        .flat_map(|word| {
            let (first, rest) = word.split_at(1.min(word.len()));
            [first.to_owned(), rest.to_ascii_lowercase()]
        })
        .collect()
}
