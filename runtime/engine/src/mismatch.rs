//! A mismatch: the command that history records and the one that this run attempts, side by side.

use std::{fmt, panic::Location, time::Duration};

use crate::{CommandEvent, Ending, EventId, LocalActivityEndKind, SideEffectId};

/// The line of user code that attempts a command.
pub type Place = &'static Location<'static>;

/// Replay took another path than the one history records.
///
/// Both commands are data, so that a test can say what it expects; the text shows them side by side,
/// with the line of user code that attempts the second. `{:#}` leaves out the advice.
///
/// ```
/// use durably_engine::{CommandSummary, EventId, Mismatch};
///
/// let activity = |name: &str| CommandSummary::ScheduleActivity {
///     activity_type: name.to_owned(),
///     activity_id: None,
/// };
/// let mismatch = Mismatch {
///     workflow_type: "Order".to_owned(),
///     event: EventId(5),
///     recorded: Some(activity("charge")),
///     attempted: Some(activity("refund")),
///     place: None,
/// };
/// assert_eq!(mismatch.differences()[0].field, "activity type");
/// assert!(mismatch.to_string().contains("recorded:  start activity `charge`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Type of the workflow.
    pub workflow_type: String,
    /// The event at which they part.
    pub event: EventId,
    /// The command that history records there; none if the task recorded no more commands.
    pub recorded: Option<CommandSummary>,
    /// The command that this run attempts there; none if it attempts no more commands.
    pub attempted: Option<CommandSummary>,
    /// The line that attempts the command, as far as it is known.
    pub place: Option<Place>,
}

/// A command, by what replay compares.
///
/// ```
/// use std::time::Duration;
///
/// use durably_engine::CommandSummary;
///
/// let timer = CommandSummary::StartTimer { after: Duration::from_secs(60) };
/// assert_eq!(timer.to_string(), "start timer (60s)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandSummary {
    /// Start a timer.
    StartTimer {
        /// Time until it fires. Replay does not compare it.
        after: Duration,
    },
    /// Cancel a timer.
    CancelTimer {
        /// The event that started it.
        started: EventId,
    },
    /// Start an activity.
    ScheduleActivity {
        /// Type of the activity.
        activity_type: String,
        /// Its id, if user code chose it. History does not record that, so a recorded id that is
        /// only a number counts as not chosen.
        activity_id: Option<String>,
    },
    /// Cancel an activity.
    CancelActivity {
        /// The event that scheduled it.
        scheduled: EventId,
        /// Type of the activity; history does not repeat it.
        activity_type: Option<String>,
    },
    /// Start a child workflow.
    StartChild {
        /// Type of the child.
        workflow_type: String,
        /// Id of its workflow, if user code chose it. History does not record that, so a recorded id
        /// that is a UUID counts as not chosen.
        workflow_id: Option<String>,
    },
    /// Send a signal to another workflow.
    SignalWorkflow {
        /// Name of the signal.
        signal: String,
        /// Id of the other workflow.
        workflow_id: String,
        /// Whether the other workflow must be a child.
        child: bool,
    },
    /// Request the cancellation of another workflow.
    CancelWorkflow {
        /// Id of the other workflow.
        workflow_id: String,
        /// Whether the other workflow must be a child.
        child: bool,
    },
    /// Record how a local activity ended.
    MarkLocalActivity {
        /// Type of the activity.
        activity_type: String,
        /// Its id, if user code chose it, as for [`ScheduleActivity`](Self::ScheduleActivity).
        activity_id: Option<String>,
        /// Its number among the activities of the run.
        number: u32,
        /// How it ended; none for one that runs, or that a timer separates from its next attempt.
        end: Option<LocalActivityEndKind>,
    },
    /// Record a side effect.
    MarkSideEffect {
        /// Which one.
        id: SideEffectId,
    },
    /// Record a patch.
    MarkPatch {
        /// Id of the patch.
        id: String,
    },
    /// Record a marker of another kind.
    RecordMarker {
        /// Name of the marker.
        name: String,
    },
    /// Upsert the list of the run's patches.
    UpsertPatches,
    /// Upsert search attributes.
    UpsertSearchAttributes,
    /// Upsert memos.
    UpsertMemo,
    /// Accept an update.
    AcceptUpdate {
        /// Id of the update.
        id: String,
    },
    /// Reject an update.
    RejectUpdate {
        /// Id of the update.
        id: String,
    },
    /// Complete an update.
    CompleteUpdate {
        /// Id of the update.
        id: String,
    },
    /// End the run.
    EndRun {
        /// How.
        ending: Ending,
        /// Message of the failure; history is not read for it.
        message: Option<String>,
    },
}

/// A field in which the two commands of a [`Mismatch`] differ although they are of one kind.
///
/// ```
/// use durably_engine::{CommandSummary, Difference, EventId, Mismatch};
///
/// let patch = |id: &str| Some(CommandSummary::MarkPatch { id: id.to_owned() });
/// let mismatch = Mismatch {
///     workflow_type: "Order".to_owned(),
///     event: EventId(5),
///     recorded: patch("reminder"),
///     attempted: patch("remainder"),
///     place: None,
/// };
/// for Difference { field, recorded, attempted } in mismatch.differences() {
///     println!("{field}: {recorded} in history, {attempted} in the code");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Name of the field.
    pub field: &'static str,
    /// The value that history records; empty for an activity id that user code did not choose.
    pub recorded: String,
    /// The value that this run attempts; empty likewise.
    pub attempted: String,
}

impl Mismatch {
    /// The last lines of its text.
    #[doc(hidden)]
    pub const ADVICE: &str = "  The code took a different path than when this history was written. \
        Common causes: wall clock, random numbers, HashMap order, edited code.\n  \
        Guard a change of the code with `if ctx.patched(..)`: see \
        \"Changing the code of running workflows\",\n  \
        `durably::guide::changing_workflows` in `cargo doc --open`";

    /// The fields in which the two commands differ; none if they are of different kinds.
    pub fn differences(&self) -> Vec<Difference> {
        let (Some(recorded), Some(attempted)) = (&self.recorded, &self.attempted) else {
            return Vec::new();
        };
        if std::mem::discriminant(recorded) != std::mem::discriminant(attempted) {
            return Vec::new();
        }
        let pairs = recorded.fields().into_iter().zip(attempted.fields());
        pairs
            .filter(|(recorded, attempted)| recorded != attempted)
            .map(|((field, recorded), (_, attempted))| Difference {
                field,
                recorded,
                attempted,
            })
            .collect()
    }
}

impl CommandSummary {
    /// An activity that history records.
    fn scheduled_activity(activity_type: &str, id: &str) -> Self {
        Self::ScheduleActivity {
            activity_type: activity_type.to_owned(),
            activity_id: chosen_id(id),
        }
    }

    /// A child that history records.
    fn started_child(workflow_type: &str, id: &str) -> Self {
        Self::StartChild {
            workflow_type: workflow_type.to_owned(),
            workflow_id: (!is_uuid(id)).then(|| id.to_owned()),
        }
    }

    /// The fields that replay compares in addition to the kind.
    fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::StartTimer { .. }
            | Self::UpsertPatches
            | Self::UpsertSearchAttributes
            | Self::UpsertMemo => Vec::new(),
            Self::CancelTimer { started } => vec![("started event", started.to_string())],
            Self::ScheduleActivity {
                activity_type,
                activity_id,
            } => vec![
                ("activity type", activity_type.clone()),
                ("activity id", activity_id.clone().unwrap_or_default()),
            ],
            Self::CancelActivity { scheduled, .. } => {
                vec![("scheduled event", scheduled.to_string())]
            }
            Self::StartChild {
                workflow_type,
                workflow_id,
            } => vec![
                ("workflow type", workflow_type.clone()),
                ("workflow id", workflow_id.clone().unwrap_or_default()),
            ],
            Self::SignalWorkflow {
                signal,
                workflow_id,
                child,
            } => vec![
                ("signal", signal.clone()),
                ("workflow id", workflow_id.clone()),
                ("relation", relation(*child).to_owned()),
            ],
            Self::CancelWorkflow { workflow_id, child } => vec![
                ("workflow id", workflow_id.clone()),
                ("relation", relation(*child).to_owned()),
            ],
            Self::MarkLocalActivity {
                activity_type,
                activity_id,
                number,
                end,
            } => {
                let mut fields = vec![
                    ("activity type", activity_type.clone()),
                    ("activity id", activity_id.clone().unwrap_or_default()),
                    ("activity number", number.to_string()),
                ];
                // Compared if both have one.
                fields.extend(end.map(|end| ("end", end.to_string())));
                fields
            }
            Self::MarkSideEffect { id } => vec![("side effect", id.to_string())],
            Self::MarkPatch { id } => vec![("patch id", id.clone())],
            Self::RecordMarker { name } => vec![("marker name", name.clone())],
            Self::AcceptUpdate { id } | Self::RejectUpdate { id } | Self::CompleteUpdate { id } => {
                vec![("update id", id.clone())]
            }
            Self::EndRun { ending, .. } => vec![("ending", ending.describe().to_owned())],
        }
    }
}

impl From<&CommandEvent> for CommandSummary {
    /// The command that left the event.
    fn from(event: &CommandEvent) -> Self {
        match event {
            CommandEvent::ActivityScheduled(it) => {
                Self::scheduled_activity(&it.activity_type, &it.activity_id)
            }
            CommandEvent::ActivityCancelRequested { scheduled } => Self::CancelActivity {
                scheduled: *scheduled,
                activity_type: None,
            },
            CommandEvent::TimerStarted { after, .. } => Self::StartTimer { after: *after },
            CommandEvent::TimerCanceled { started } => Self::CancelTimer { started: *started },
            CommandEvent::ChildInitiated(it) => {
                Self::started_child(&it.workflow_type, &it.workflow_id)
            }
            CommandEvent::ExternalSignalInitiated(it) => Self::SignalWorkflow {
                signal: it.name.clone(),
                workflow_id: it.workflow_id.clone(),
                child: it.child,
            },
            CommandEvent::ExternalCancelInitiated { workflow_id, child } => Self::CancelWorkflow {
                workflow_id: workflow_id.clone(),
                child: *child,
            },
            CommandEvent::PatchMarked { id, .. } => Self::MarkPatch { id: id.clone() },
            CommandEvent::LocalActivityMarked(it) => Self::MarkLocalActivity {
                activity_type: it.activity_type.clone(),
                activity_id: chosen_id(&it.activity_id),
                number: it.number,
                end: it.backoff.is_none().then(|| it.end_kind()),
            },
            CommandEvent::SideEffectMarked(it) => Self::MarkSideEffect { id: it.id.clone() },
            CommandEvent::MarkerRecorded { name } => Self::RecordMarker { name: name.clone() },
            CommandEvent::SearchAttributesUpserted {
                only_change_version: true,
            } => Self::UpsertPatches,
            CommandEvent::SearchAttributesUpserted {
                only_change_version: false,
            } => Self::UpsertSearchAttributes,
            CommandEvent::MemoUpserted => Self::UpsertMemo,
            CommandEvent::UpdateAccepted(it) => Self::AcceptUpdate { id: it.id.clone() },
            CommandEvent::UpdateCompleted { id } => Self::CompleteUpdate { id: id.clone() },
            CommandEvent::RunEnded(ending) => Self::EndRun {
                ending: *ending,
                message: None,
            },
        }
    }
}

/// Another workflow, by what it must be.
const fn relation(child: bool) -> &'static str {
    match child {
        true => "child workflow",
        false => "workflow",
    }
}

/// Whether an id looks like those that are made up for children.
fn is_uuid(id: &str) -> bool {
    let groups: Vec<_> = id.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && id.bytes().all(|it| it == b'-' || it.is_ascii_hexdigit())
}

/// The id of an activity, if it is not only a number.
fn chosen_id(id: &str) -> Option<String> {
    let numbered = id.bytes().all(|byte| byte.is_ascii_digit());
    (!numbered).then(|| id.to_owned())
}

impl fmt::Display for CommandSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartTimer { after } => write!(f, "start timer ({after:?})"),
            Self::CancelTimer { started } => write!(f, "cancel the timer of event {started}"),
            Self::ScheduleActivity {
                activity_type,
                activity_id: None,
            } => write!(f, "start activity `{activity_type}`"),
            Self::ScheduleActivity {
                activity_type,
                activity_id: Some(id),
            } => write!(f, "start activity `{activity_type}` with id `{id}`"),
            Self::CancelActivity {
                scheduled,
                activity_type: None,
            } => write!(f, "cancel the activity of event {scheduled}"),
            Self::CancelActivity {
                scheduled,
                activity_type: Some(name),
            } => write!(f, "cancel activity `{name}` of event {scheduled}"),
            Self::StartChild {
                workflow_type,
                workflow_id: None,
            } => write!(f, "start child workflow `{workflow_type}`"),
            Self::StartChild {
                workflow_type,
                workflow_id: Some(id),
            } => write!(f, "start child workflow `{workflow_type}` with id `{id}`"),
            Self::SignalWorkflow {
                signal,
                workflow_id,
                child,
            } => write!(
                f,
                "send signal `{signal}` to {} `{workflow_id}`",
                relation(*child)
            ),
            Self::CancelWorkflow { workflow_id, child } => {
                write!(
                    f,
                    "request cancellation of {} `{workflow_id}`",
                    relation(*child)
                )
            }
            Self::MarkLocalActivity {
                activity_type,
                activity_id,
                number: _,
                end,
            } => {
                write!(f, "record the end of local activity `{activity_type}`")?;
                if let Some(id) = activity_id {
                    write!(f, " with id `{id}`")?;
                }
                match end {
                    Some(end) => write!(f, ": {end}"),
                    None => Ok(()),
                }
            }
            Self::MarkSideEffect { id } => write!(f, "record {id}"),
            Self::MarkPatch { id } => write!(f, "patch `{id}`"),
            Self::RecordMarker { name } => write!(f, "record marker `{name}`"),
            Self::UpsertPatches => f.write_str("list the patches of this run"),
            Self::UpsertSearchAttributes => f.write_str("upsert search attributes"),
            Self::UpsertMemo => f.write_str("upsert memos"),
            Self::AcceptUpdate { id } => write!(f, "accept update `{id}`"),
            Self::RejectUpdate { id } => write!(f, "reject update `{id}`"),
            Self::CompleteUpdate { id } => write!(f, "complete update `{id}`"),
            Self::EndRun {
                ending,
                message: None,
            } => f.write_str(ending.describe()),
            Self::EndRun {
                ending,
                message: Some(message),
            } => write!(f, "{} ({message})", ending.describe()),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "replay mismatch in `{}` at event {}",
            self.workflow_type, self.event
        )?;
        match &self.recorded {
            Some(recorded) => writeln!(f, "  recorded:  {recorded}")?,
            None => writeln!(f, "  recorded:  no more commands in this task")?,
        }
        match &self.attempted {
            Some(attempted) => write!(f, "  this run:  {attempted}")?,
            None => write!(f, "  this run:  no more commands")?,
        }
        if let Some(place) = self.place {
            write!(f, ", at {place}")?;
        }
        if let Some(CommandSummary::MarkPatch { id }) = &self.recorded {
            write!(
                f,
                "\n  The code no longer asks for patch `{id}`, which this run recorded: \
                 keep `ctx.deprecate_patch(..)` until such runs are closed."
            )?;
        }
        match f.alternate() {
            true => Ok(()),
            false => write!(f, "\n{}", Self::ADVICE),
        }
    }
}

impl std::error::Error for Mismatch {}
