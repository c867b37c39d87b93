//! The numbers in the ids of timers and activities.
//!
//! Each kind is counted alone, from 1. The shared core of other SDKs refuses a history whose timers are numbered in
//! another way, and, once a worker of such an SDK has completed a task of the run, one whose activities are.

/// The last number in the ids of one kind.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// Grows with each command, and up to the ids that history records.
    last: u64,
}

impl Numbers {
    /// The number of the next command. Those of commands that are cancelled before they leave are not used again, as
    /// in the other SDKs.
    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Takes in an id that history records: histories of the first versions numbered all commands together, and an id
    /// that is in use must not be given again. An id that no SDK counted up to is none of its numbers.
    pub(crate) fn record(&mut self, id: &str) {
        if let Ok(number) = id.parse::<u32>() {
            self.last = self.last.max(u64::from(number));
        }
    }
}
