//! Where one workflow task ends in history and the next begins.
//!
//! ```text
//!  ... | TaskScheduled  facts  TaskStarted | TaskCompleted  commands  facts  TaskScheduled  TaskStarted | ...
//!      '----------- slice n ---------------'---------------------- slice n + 1 -------------------------'
//! ```
//! A slice ends with the `TaskStarted` whose task was answered, or with the one that is asked now. A
//! task that failed or timed out ends nothing: its facts belong to the next one, and so do those of
//! a task that was completed to prolong a replay, before user code had seen them. The commands that
//! a slice issues stand at the beginning of the next.

use crate::flags::is_replay_heartbeat;
use crate::{Event, EventId, EventKind, TaskEvent, TaskStarted};

/// The next slice, by its place in what is left of history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    /// Number of events up to and with its `TaskStarted`.
    pub(crate) len: usize,
    /// What its `TaskStarted` says.
    pub(crate) started: TaskStarted,
    /// Where its `TaskCompleted` is; none for the slice that is asked now.
    pub(crate) completed: Option<usize>,
}

/// Finds the next slice; `live` is the `TaskStarted` of the task that is asked now.
pub(crate) fn next(history: &[Event], live: EventId) -> Option<Slice> {
    let mut candidate: Option<(usize, TaskStarted)> = None;
    for (at, event) in history.iter().enumerate() {
        let EventKind::Task(task) = &event.kind else {
            continue;
        };
        match task {
            TaskEvent::Started(started) if event.id == live => {
                return Some(Slice {
                    len: at + 1,
                    started: *started,
                    completed: None,
                });
            }
            TaskEvent::Started(started) => candidate = Some((at + 1, *started)),
            TaskEvent::TimedOut | TaskEvent::Failed { .. } => candidate = None,
            TaskEvent::Completed { sdk: Some(sdk), .. } if is_replay_heartbeat(sdk) => {
                candidate = None;
            }
            TaskEvent::Completed { .. } => {
                if let Some((len, started)) = candidate {
                    return Some(Slice {
                        len,
                        started,
                        completed: Some(at),
                    });
                }
            }
            TaskEvent::Scheduled => {}
        }
    }
    None
}

/// The commands that follow a `TaskCompleted`: everything up to the next word about tasks.
pub(crate) fn commands_after(history: &mut [Event], completed: usize) -> &mut [Event] {
    let rest = &mut history[completed + 1..];
    let end = rest
        .iter()
        .position(|event| event.kind.is_task())
        .unwrap_or(rest.len());
    &mut rest[..end]
}
