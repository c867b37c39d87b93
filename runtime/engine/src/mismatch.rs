//! History and this run disagree: what is recorded and what was attempted, side by side.

use std::fmt;

use crate::{CommandEvent, EventId};

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
             Common causes: wall clock, random numbers, HashMap order, edited code.\n  \
             Guard a change of the code with `if ctx.patched(\"…\")`: see \
             \"Changing the code of running workflows\",\n  \
             https://docs.rs/durably/latest/durably/guide/changing_workflows/",
            self.workflow_type, self.event, self.recorded, self.attempted
        )
    }
}

impl std::error::Error for Mismatch {}

/// The start of an activity, in words; ids that are only numbers were not chosen by user code.
pub(crate) fn activity(activity_type: &str, id: &str) -> String {
    if id.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("start activity `{activity_type}`")
    } else {
        format!("start activity `{activity_type}` with id `{id}`")
    }
}

/// What the command that left an event did, in the words in which attempts are described.
pub(crate) fn describe(event: &CommandEvent) -> String {
    match event {
        CommandEvent::ActivityScheduled(it) => activity(&it.activity_type, &it.activity_id),
        CommandEvent::ActivityCancelRequested { scheduled } => {
            format!("cancel the activity of event {scheduled}")
        }
        CommandEvent::TimerStarted { after, .. } => format!("start timer ({after:?})"),
        CommandEvent::TimerCanceled { started } => format!("cancel the timer of event {started}"),
        CommandEvent::PatchMarked { id, .. } => format!("patch `{id}`"),
        CommandEvent::MarkerRecorded { name } => format!("record marker `{name}`"),
        CommandEvent::SearchAttributesUpserted { .. } => "upsert search attributes".to_owned(),
        CommandEvent::UpdateAccepted(it) => format!("accept update `{}`", it.id),
        CommandEvent::UpdateCompleted { id } => format!("complete update `{id}`"),
        CommandEvent::RunEnded(ending) => ending.describe().to_owned(),
    }
}
