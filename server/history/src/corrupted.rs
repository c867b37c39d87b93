//! The error of stored state that cannot be restored.

use std::fmt;

/// Stored state of a run or a schedule that cannot be restored: it was damaged, or another version of this
/// program wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupted {
    part: String,
    problem: String,
}

impl Corrupted {
    pub(crate) fn new(part: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self {
            part: part.to_string(),
            problem: problem.to_string(),
        }
    }
}

impl fmt::Display for Corrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, problem } = self;
        write!(f, "stored state cannot be restored: {part}: {problem}")
    }
}

impl std::error::Error for Corrupted {}
