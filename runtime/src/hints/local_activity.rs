//! Options of ordinary activities that a local one has not.

/// What `heartbeat` asks of a call: no local activity has it.
#[diagnostic::on_unimplemented(
    message = "a local activity has no heartbeats",
    label = "the worker of the workflow runs it, and cancels it at once; leave `heartbeat` out, or call the activity without `.local()`"
)]
pub trait HasHeartbeats {}

/// What `priority` asks of a call: no local activity has it.
#[diagnostic::on_unimplemented(
    message = "a local activity has no priority",
    label = "it waits in no task queue; leave `priority` out, or call the activity without `.local()`"
)]
pub trait HasPriority {}

/// What `task_queue` asks of a call: no local activity has it.
#[diagnostic::on_unimplemented(
    message = "a local activity has no task queue",
    label = "the worker of the workflow runs it; leave `task_queue` out, or call the activity without `.local()`"
)]
pub trait HasTaskQueue {}
