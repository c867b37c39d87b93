//! What is too much: the platform's default limits.

use std::time::Duration;

/// One payload, failure or other blob.
pub const BLOB: usize = 2 * 1024 * 1024;
/// All notes of a workflow together.
pub(crate) const MEMO: usize = 2 * 1024 * 1024;
/// All search attributes of a workflow together.
pub(crate) const SEARCH_ATTRIBUTES: usize = 40 * 1024;
/// What is kept of a failure that is too large itself.
pub(crate) const TRUNCATED_FAILURE: usize = 4 * 1024;
/// What is kept of the last failure of an activity that is tried again.
pub(crate) const RETRIED_FAILURE: usize = 4 * 1024;
/// Any id, name or type, in bytes.
pub const ID: usize = 1000;

/// Events of one run; a run that reaches it is terminated.
pub(crate) const HISTORY_COUNT: usize = 50 * 1024;
/// Bytes of one run's history; a run that reaches it is terminated.
pub(crate) const HISTORY_SIZE: usize = 50 * 1024 * 1024;
/// Events from which on the worker is told to continue as new.
pub(crate) const HISTORY_COUNT_SUGGEST: usize = 4 * 1024;
/// Bytes from which on the worker is told to continue as new.
pub(crate) const HISTORY_SIZE_SUGGEST: usize = 4 * 1024 * 1024;

/// Activities scheduled and not closed.
pub(crate) const PENDING_ACTIVITIES: usize = 2000;
/// Signals in the life of a run.
pub(crate) const SIGNALS: usize = 10_000;
/// The attempt of a workflow task from which on queries and updates are refused.
pub(crate) const FAILING_ATTEMPT: u32 = 3;
/// Updates at work at the same time.
pub(crate) const UPDATES_IN_FLIGHT: usize = 10;
/// Updates in the life of a run.
pub(crate) const UPDATES_TOTAL: usize = 2000;
/// Updates from which on the worker is told to continue as new.
pub(crate) const UPDATES_SUGGEST: usize = UPDATES_TOTAL * 9 / 10;
/// Events that are sent once more rather than recording a task that rejected its updates.
pub(crate) const EVENTS_BROUGHT_AGAIN: i64 = 10;
/// Events that may wait for the end of a workflow task.
pub(crate) const BUFFERED_EVENTS: usize = 100;

/// The workflow task timeout where a client asked for none.
pub const DEFAULT_WORKFLOW_TASK_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest workflow task timeout; longer ones are cut to it.
pub(crate) const MAX_WORKFLOW_TASK_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a worker may go on prolonging one workflow task.
pub(crate) const WORKFLOW_TASK_HEARTBEAT: Duration = Duration::from_secs(30 * 60);
/// How long a speculative task may wait in a normal queue.
pub(crate) const SPECULATIVE_SCHEDULE_TO_START: Duration = Duration::from_secs(5);
/// The shortest time from the start of one run to the start of the next.
pub(crate) const CONTINUE_AS_NEW_INTERVAL: Duration = Duration::from_secs(1);
