//! What came of replayed histories, for programs and for people.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use durably_engine::{EventId, Mismatch};

use super::{ReplayError, Replayer};
use crate::{client::History, error::HandleError};

/// What came of one history. Printed, it is a report: which history, what is recorded and what the code attempts
/// instead, and the events around.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Order;
/// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// use durably::replay::{ReplayError, Replayed};
///
/// let replayed: Vec<Replayed> = durably::replay::folder("histories").workflow::<Order>().replay_all();
/// for history in replayed {
///     if let Err(ReplayError::Mismatch(mismatch)) = &history.result {
///         println!("{} at event {}", history.workflow_id, mismatch.event.0);
///         eprintln!("{history}");
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replayed {
    /// The file that it was read from.
    pub file: Option<PathBuf>,
    /// The type of the workflow; empty if the history could not be read, like the other names.
    pub workflow_type: String,
    /// The workflow id.
    pub workflow_id: String,
    /// The run.
    pub run_id: String,
    /// How many events the history has.
    pub events: usize,
    /// Whether the code of today takes the path that is recorded.
    pub result: Result<(), ReplayError>,
    /// The events around the one at which the replay ended.
    excerpt: String,
}

/// How many histories were replayed.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Order;
/// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// use durably::replay::Summary;
///
/// # fn example() -> Result<()> {
/// let summary: Summary = durably::replay::folder("histories").workflow::<Order>().check()?;
/// assert!(summary.workflows["Order"] >= 10, "{summary}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// All histories that were replayed.
    pub histories: usize,
    /// Their events.
    pub events: usize,
    /// How many histories of each workflow type were replayed.
    pub workflows: BTreeMap<String, usize>,
    /// How many histories of each workflow type were left out, because the type is not registered.
    pub skipped: BTreeMap<String, usize>,
}

/// Why a check of histories failed.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Order;
/// # #[workflow] impl Order { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// use durably::replay::CheckError;
///
/// # async fn example(client: Client) -> Result<()> {
/// let open = "WorkflowType = 'Order' AND ExecutionStatus = 'Running'";
/// match durably::replay::client(&client, open).workflow::<Order>().check().await {
///     Ok(summary) => println!("{summary}"),
///     Err(CheckError::NoHistories { .. }) => println!("no order is open"),
///     Err(CheckError::Failed { failures, .. }) => println!("{} orders break", failures.len()),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub enum CheckError {
    /// Some histories do not replay. Guard the change of the code with a patch, or fix the code.
    Failed {
        /// Those that do not.
        failures: Vec<Replayed>,
        /// Those that do.
        summary: Summary,
        /// Why there may be more: the histories after these could not be fetched.
        not_fetched: Option<Box<HandleError>>,
    },
    /// There is no history to replay, so nothing was checked.
    NoHistories {
        /// What has none.
        place: String,
    },
    /// The histories, or some of them, could not be fetched. Those that could replay.
    Client(HandleError),
}

impl Replayed {
    /// Replays a history.
    pub(super) fn of(replayer: &Replayer, file: Option<PathBuf>, history: History) -> Self {
        let mut replayed = Self {
            file,
            workflow_type: history.workflow_type().to_owned(),
            workflow_id: history.workflow_id().to_owned(),
            run_id: history.run_id().to_owned(),
            events: history.len(),
            result: Ok(()),
            excerpt: String::new(),
        };
        replayed.result = replayer.replay(history.clone());
        match &replayed.result {
            Err(ReplayError::Mismatch(mismatch)) => {
                replayed.excerpt = excerpt(&history, mismatch.event);
                if mismatch.recorded.is_none() && ends_at(&history, mismatch.event) {
                    replayed.excerpt +=
                        "\n  The history ends here. If its export was cut off, export it again.";
                }
            }
            Err(ReplayError::Code { event, .. }) => replayed.excerpt = excerpt(&history, *event),
            Err(ReplayError::UnknownType { .. } | ReplayError::Unreadable { .. }) | Ok(()) => {}
        }
        replayed
    }

    /// A file that could not be read.
    pub(super) fn unread(file: PathBuf, error: ReplayError) -> Self {
        Self {
            file: Some(file),
            workflow_type: String::new(),
            workflow_id: String::new(),
            run_id: String::new(),
            events: 0,
            result: Err(error),
            excerpt: String::new(),
        }
    }

    /// Whether two histories do not replay for one reason, which is reported once.
    fn fails_like(&self, other: &Self) -> bool {
        match (&self.result, &other.result) {
            (Err(ReplayError::Mismatch(one)), Err(ReplayError::Mismatch(other))) => {
                let other = Mismatch {
                    event: one.event,
                    ..(**other).clone()
                };
                **one == other
            }
            (
                Err(ReplayError::Code { message: one, .. }),
                Err(ReplayError::Code { message, .. }),
            ) => self.workflow_type == other.workflow_type && one == message,
            (
                Err(ReplayError::UnknownType { found: one, .. }),
                Err(ReplayError::UnknownType { found: other, .. }),
            ) => one == other,
            _ => false,
        }
    }

    /// The event at which the replay ended.
    fn event(&self) -> Option<EventId> {
        match &self.result {
            Err(ReplayError::Mismatch(mismatch)) => Some(mismatch.event),
            Err(ReplayError::Code { event, .. }) => Some(*event),
            Err(ReplayError::UnknownType { .. } | ReplayError::Unreadable { .. }) | Ok(()) => None,
        }
    }

    /// Which history this is.
    fn name(&self) -> String {
        let file = self
            .file
            .as_ref()
            .map(|file| format!("`{}`", file.display()));
        let names = [("workflow", &self.workflow_id), ("run", &self.run_id)];
        let names = names.iter().filter(|(_, id)| !id.is_empty());
        let names = names.map(|(what, id)| format!("{what} `{id}`"));
        let parts: Vec<_> = file.into_iter().chain(names).collect();
        match parts.is_empty() {
            true => "a history without a start".to_owned(),
            false => parts.join(", "),
        }
    }
}

/// How many events are shown before and after the one at which a replay ended.
const AROUND: i64 = 2;

fn excerpt(history: &History, event: EventId) -> String {
    let EventId(event) = event;
    let shown = event.saturating_sub(AROUND)..=event.saturating_add(AROUND);
    let events = history.events().iter();
    let lines = events.filter(|it| shown.contains(&it.id())).map(|it| {
        let mark = if it.id() == event { '>' } else { ' ' };
        format!("\n  {mark} {:>5}  {}", it.id(), it.name())
    });
    lines.collect()
}

fn ends_at(history: &History, event: EventId) -> bool {
    let last = history.events().last();
    last.is_some_and(|last| last.id() <= event.0)
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            result, excerpt, ..
        } = self;
        let name = self.name();
        match result {
            Ok(()) => write!(f, "{name}: {} events replayed", self.events),
            Err(error) => write!(f, "{name}\n{error:#}{excerpt}"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let histories = counted(self.histories, "history", "histories");
        let events = counted(self.events, "event", "events");
        write!(f, "{histories} with {events} replayed")?;
        if !self.workflows.is_empty() {
            write!(f, ": {}", by_type(&self.workflows))?;
        }
        if !self.skipped.is_empty() {
            write!(
                f,
                "; not registered and left out: {}",
                by_type(&self.skipped)
            )?;
        }
        Ok(())
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

fn by_type(counts: &BTreeMap<String, usize>) -> String {
    let counts = counts
        .iter()
        .map(|(name, count)| format!("{count} of `{name}`"));
    counts.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed {
                failures,
                summary,
                not_fetched,
            } => {
                let failed = counted(failures.len(), "history does", "histories do");
                write!(f, "{failed} not replay, {} do", summary.histories)?;
                if let Some(error) = not_fetched {
                    write!(f, ", and others cannot be fetched: {error}")?;
                }
                let mut reported: Vec<&Replayed> = Vec::new();
                for failure in failures {
                    if reported.iter().any(|earlier| earlier.fails_like(failure)) {
                        continue;
                    }
                    reported.push(failure);
                    write!(f, "\n\n{failure}")?;
                    let others = failures.iter().filter(|other| failure.fails_like(other));
                    for other in others.skip(1) {
                        write!(f, "\n  the same in {}", other.name())?;
                        if let Some(event) = other.event() {
                            write!(f, " at event {event}")?;
                        }
                    }
                }
                let is_mismatch =
                    |it: &Replayed| matches!(it.result, Err(ReplayError::Mismatch(_)));
                match failures.iter().any(is_mismatch) {
                    true => write!(f, "\n\n{}", Mismatch::ADVICE),
                    false => Ok(()),
                }
            }
            Self::NoHistories { place } => write!(
                f,
                "there are no histories in {place}, so nothing was checked"
            ),
            Self::Client(_) => f.write_str("the histories cannot be fetched"),
        }
    }
}

/// The text: a test that returns or unwraps the error shows it.
impl fmt::Debug for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(error) => write!(f, "{self}: {error}"),
            Self::Failed { .. } | Self::NoHistories { .. } => fmt::Display::fmt(self, f),
        }
    }
}

impl std::error::Error for CheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Client(error) => Some(error),
            Self::Failed { .. } | Self::NoHistories { .. } => None,
        }
    }
}

impl From<HandleError> for CheckError {
    fn from(error: HandleError) -> Self {
        Self::Client(error)
    }
}

/// A check that is under way.
pub(super) struct Checked {
    skips_unregistered: bool,
    summary: Summary,
    failures: Vec<Replayed>,
    skipped: Vec<Replayed>,
}

impl Checked {
    pub(super) fn new(skips_unregistered: bool) -> Self {
        Self {
            skips_unregistered,
            summary: Summary::default(),
            failures: Vec::new(),
            skipped: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, replayed: Replayed) {
        match &replayed.result {
            Ok(()) => {
                self.summary.histories += 1;
                self.summary.events += replayed.events;
                let of_type = self.summary.workflows.entry(replayed.workflow_type);
                *of_type.or_default() += 1;
            }
            Err(ReplayError::UnknownType { .. }) if self.skips_unregistered => {
                self.skipped.push(replayed);
            }
            Err(_) => self.failures.push(replayed),
        }
    }

    /// `place` is where the histories were looked for.
    pub(super) fn finish(mut self, place: String) -> Result<Summary, CheckError> {
        let replayed_none = self.summary.histories == 0 && self.failures.is_empty();
        if replayed_none && self.skipped.is_empty() {
            return Err(CheckError::NoHistories { place });
        }
        if replayed_none {
            // A check of nothing passes for ever: here the types are wrong.
            self.failures.append(&mut self.skipped);
        }
        match self.failures.is_empty() {
            true => {
                self.count_skipped();
                Ok(self.summary)
            }
            false => Err(self.failed(None)),
        }
    }

    /// The end of a check that can fetch no more histories.
    pub(super) fn cut_short(self, error: HandleError) -> CheckError {
        match self.failures.is_empty() {
            true => CheckError::Client(error),
            false => self.failed(Some(error)),
        }
    }

    fn failed(mut self, not_fetched: Option<HandleError>) -> CheckError {
        self.count_skipped();
        CheckError::Failed {
            failures: self.failures,
            summary: self.summary,
            not_fetched: not_fetched.map(Box::new),
        }
    }

    fn count_skipped(&mut self) {
        for skipped in self.skipped.drain(..) {
            let of_type = self.summary.skipped.entry(skipped.workflow_type);
            *of_type.or_default() += 1;
        }
    }
}
