//! What is known of a call when it compiles: whether it has a timeout, whether it has a task queue.

/// No timeout chosen yet.
pub struct NoTimeout;
/// `start_to_close` or `schedule_to_close` is known.
pub struct TimeoutSet;
/// Whether an activity call has a timeout.
#[diagnostic::on_unimplemented(
    message = "this activity call has no timeout: Temporal needs `start_to_close` or `schedule_to_close`",
    label = "add `.start_to_close(secs(10))` to the call",
    note = "or declare it once where the activity is defined: `#[activity(start_to_close = \"10s\")]`"
)]
pub trait HasTimeout {}
#[diagnostic::do_not_recommend]
impl HasTimeout for TimeoutSet {}

/// No task queue chosen yet.
pub struct NoQueue;
/// The task queue is known.
pub struct QueueSet;
/// Whether a workflow start has a task queue.
#[diagnostic::on_unimplemented(
    message = "no task queue chosen for this workflow start",
    label = "add `.task_queue(\"..\")` to the call, before the `.await`",
    note = "or declare it once on the workflow: `#[workflow(task_queue = \"..\")]`; the `.await` stays either way"
)]
pub trait HasQueue {}
#[diagnostic::do_not_recommend]
impl HasQueue for QueueSet {}
