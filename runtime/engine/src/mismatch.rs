//! History and this run disagree: what is recorded and what was attempted, side by side.

use std::fmt;

use crate::EventId;

/// Replay took another path than the one history records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Type of the workflow.
    pub workflow_type: String,
    /// The event at which they part.
    pub event: EventId,
    /// What history records there.
    pub recorded: String,
    /// What this run does there.
    pub attempted: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "replay mismatch in `{}` at event {}\n  \
             recorded:  {}\n  \
             this run:  {}\n  \
             The code took a different path than when this history was written. \
             Guard the change with `patched(\"…\")`,\n  \
             or see \"Changing running workflows\". \
             Common causes: wall clock, random numbers, HashMap order, edited code.",
            self.workflow_type, self.event, self.recorded, self.attempted
        )
    }
}

impl std::error::Error for Mismatch {}
