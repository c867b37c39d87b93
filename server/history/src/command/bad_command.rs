//! Why the commands of a workflow task were refused.

use std::fmt;

use durably_proto::api::enums::v1::{CommandType, WorkflowTaskFailedCause as Cause};

/// Why the commands of a workflow task were refused; the task fails for it.
pub(crate) struct BadCommand {
    pub cause: Cause,
    /// As the worker and the history are told.
    pub message: String,
    /// Trying again cannot help: the run is terminated.
    pub fatal: bool,
}

impl BadCommand {
    /// The worker can do better.
    pub(crate) fn new(cause: Cause, message: String) -> Self {
        Self {
            cause,
            message: format!("{}: {message}", name(cause)),
            fatal: false,
        }
    }

    /// The worker must first see what came while it worked.
    pub(crate) fn unhandled() -> Self {
        let cause = Cause::UnhandledCommand;
        Self {
            cause,
            message: name(cause),
            fatal: false,
        }
    }

    /// Something is too large, and would be again.
    pub(crate) fn too_large(cause: Cause, message: &str) -> Self {
        Self {
            fatal: true,
            ..Self::new(cause, message.to_owned())
        }
    }
}

/// A command that does not fit the run, in the platform's words.
pub(crate) fn invalid_state(action: &str, what: &str, id: &impl fmt::Display) -> String {
    format!("invalid history builder state for action: {action}, {what}: {id}")
}

/// The cause as the platform words it: `BadStartTimerAttributes`.
fn name(cause: Cause) -> String {
    camel_case(cause.as_str_name(), "WORKFLOW_TASK_FAILED_CAUSE_")
}

/// The type of a command as the platform words it: `StartTimer`.
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
