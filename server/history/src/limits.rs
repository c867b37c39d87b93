//! Limits: the real server's defaults.

use std::time::Duration;

/// Maximum bytes of a payload, failure or other blob.
pub const BLOB: usize = 2 * 1024 * 1024;
/// Maximum bytes of a workflow's memo.
pub(crate) const MEMO: usize = 2 * 1024 * 1024;
/// Maximum bytes of a workflow's search attributes.
pub(crate) const SEARCH_ATTRIBUTES: usize = 40 * 1024;
/// Bytes that are kept of a failure over the limit.
pub(crate) const TRUNCATED_FAILURE: usize = 4 * 1024;
/// Bytes that are kept of a retried activity's last failure.
pub(crate) const RETRIED_FAILURE: usize = 4 * 1024;
/// Maximum bytes of an id, name or type.
pub const ID: usize = 1000;

/// Events at which a run is terminated.
pub(crate) const HISTORY_COUNT: usize = 50 * 1024;
/// Bytes of history at which a run is terminated.
pub(crate) const HISTORY_SIZE: usize = 50 * 1024 * 1024;
/// Events at which the worker is advised to continue as new.
pub(crate) const HISTORY_COUNT_SUGGEST: usize = 4 * 1024;
/// Bytes of history at which the worker is advised to continue as new.
pub(crate) const HISTORY_SIZE_SUGGEST: usize = 4 * 1024 * 1024;

/// Maximum number of pending activities.
pub(crate) const PENDING_ACTIVITIES: usize = 2000;
/// Maximum number of pending children.
pub(crate) const PENDING_CHILDREN: usize = 2000;
/// Maximum number of pending signals to other workflows.
pub(crate) const PENDING_SIGNALS: usize = 2000;
/// Maximum number of pending requests to cancel other workflows.
pub(crate) const PENDING_CANCEL_REQUESTS: usize = 2000;
/// Maximum number of signals of a run.
pub(crate) const SIGNALS: usize = 10_000;
/// Attempt of a workflow task from which queries and updates are refused.
pub(crate) const FAILING_ATTEMPT: u32 = 3;
/// Maximum number of updates in flight.
pub(crate) const UPDATES_IN_FLIGHT: usize = 10;
/// Maximum number of updates of a run.
pub(crate) const UPDATES_TOTAL: usize = 2000;
/// Updates at which the worker is advised to continue as new.
pub(crate) const UPDATES_SUGGEST: usize = UPDATES_TOTAL * 9 / 10;
/// Maximum number of events that are delivered twice, rather than recording a task that rejected
/// its updates.
pub(crate) const EVENTS_BROUGHT_AGAIN: i64 = 10;
/// Maximum number of buffered events.
pub(crate) const BUFFERED_EVENTS: usize = 100;
/// Maximum bytes of buffered events.
pub(crate) const BUFFERED_EVENTS_SIZE: usize = 2 * 1024 * 1024;

/// Default workflow task timeout.
pub const DEFAULT_WORKFLOW_TASK_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum workflow task timeout; longer ones are clamped.
pub(crate) const MAX_WORKFLOW_TASK_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a worker may prolong one workflow task by heartbeats.
pub(crate) const WORKFLOW_TASK_HEARTBEAT: Duration = Duration::from_secs(30 * 60);
/// Schedule-to-start timeout of a speculative task in a normal queue.
pub(crate) const SPECULATIVE_SCHEDULE_TO_START: Duration = Duration::from_secs(5);
/// Minimum time between the starts of two runs of a chain.
pub(crate) const CONTINUE_AS_NEW_INTERVAL: Duration = Duration::from_secs(1);
