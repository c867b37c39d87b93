//! A schedule as data: when it acts, what it starts, and how.

use std::{borrow::Cow, fmt, time::Duration};

use durably_engine::{Header, Payload};

use crate::{
    client::start::options::Start,
    data::{ArgList, Args, Callee, Converter},
    error::{DataError, InvalidSchedule},
    options::Retry,
    wire::{
        schedule,
        schedule_spec::{Overlap, ScheduleSpec},
    },
};

/// What a schedule is to do, and when, as [`describe`](crate::schedule::ScheduleHandle::describe) returns it and
/// [`update`](crate::schedule::ScheduleHandle::update) changes it.
///
/// ```no_run
/// use durably::{prelude::*, schedule::{Overlap, Schedule}};
/// # #[derive(Default)] struct Report;
/// # #[workflow(task_queue = "reports")] impl Report { #[run] async fn run(&mut self, region: String) {} }
///
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = client.schedule("nightly");
/// nightly
///     .update(|described| {
///         let schedule: &mut Schedule = &mut described.schedule;
///         schedule.overlap = Overlap::BufferOne;
///         schedule.catch_up = Some(hours(1));
///         schedule.note = "one at a time".to_owned();
///     })
///     .await?;
///
/// // Another one in its place, which is paused if this one is; the id, the memo and the search attributes stay.
/// let next = move || Report::schedule(&client, "nightly", "us").cron("0 3 * * *");
/// nightly.update(move |described| described.replace(next())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Schedule {
    /// When it acts.
    pub spec: ScheduleSpec,
    /// What it starts.
    pub action: ScheduleAction,
    /// What it does if a workflow that it has started is still running.
    pub overlap: Overlap,
    /// How late it may act after the server was down; a year if none is given.
    pub catch_up: Option<Duration>,
    /// Whether it pauses when a workflow fails or times out, its retries included.
    pub pause_on_failure: bool,
    /// Whether workflows have the id as it is given, without the time.
    pub(super) keep_workflow_id: bool,
    /// A note for people; pausing and unpausing replace it.
    pub note: String,
    /// Whether it is paused: it acts only when it is triggered or backfilled.
    pub paused: bool,
    /// How many more workflows its times may start; `None` for no limit.
    pub remaining: Option<u64>,
    /// What is wrong with the arguments of its setters.
    pub(super) wrong: Vec<String>,
}

/// The workflow that a schedule starts, with its options.
///
/// ```no_run
/// use durably::{prelude::*, schedule::ScheduleAction};
///
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = client.schedule("nightly");
/// let described = nightly.describe().await?;
/// let action: &ScheduleAction = &described.schedule.action;
/// let region: String = action.args().get(0)?;
/// println!("{}(\"{region}\") on `{}`", action.workflow_type, action.task_queue);
///
/// nightly
///     .update(|schedule| {
///         schedule.action.run_timeout = Some(hours(1));
///         schedule.action.set_args(("us",));
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ScheduleAction {
    /// The type of the workflow.
    pub workflow_type: String,
    /// The workflow id, to which the server adds the time.
    pub workflow_id: String,
    /// The task queue of its workers.
    pub task_queue: String,
    /// The longest all runs of a workflow together may take.
    pub execution_timeout: Option<Duration>,
    /// The longest one run may take.
    pub run_timeout: Option<Duration>,
    /// The longest one workflow task may take.
    pub task_timeout: Option<Duration>,
    /// How a failed workflow is retried.
    pub retry: Option<Retry>,
    pub(super) args: Vec<Payload>,
    header: Header,
    pub(super) memo: Header,
    pub(super) search_attributes: Header,
    others: schedule::OtherOptions,
    pub(super) converter: Converter,
    /// What could not be encoded first.
    pub(super) error: Option<DataError>,
}

impl Schedule {
    /// Of this action at no time.
    pub(super) fn new(action: ScheduleAction) -> Self {
        Self {
            spec: ScheduleSpec::default(),
            action,
            overlap: Overlap::default(),
            catch_up: None,
            pause_on_failure: false,
            keep_workflow_id: false,
            note: String::new(),
            paused: false,
            remaining: None,
            wrong: Vec::new(),
        }
    }

    pub(super) fn from_wire(found: schedule::Schedule, converter: &Converter) -> Self {
        Self {
            spec: found.spec,
            action: ScheduleAction::from_wire(found.action, converter),
            overlap: found.overlap,
            catch_up: found.catch_up,
            pause_on_failure: found.pause_on_failure,
            keep_workflow_id: found.keep_workflow_id,
            note: found.note,
            paused: found.is_paused,
            remaining: found.remaining,
            wrong: Vec::new(),
        }
    }

    /// # Errors
    /// What could not be encoded.
    pub(super) fn into_wire(self) -> Result<schedule::Schedule, DataError> {
        Ok(schedule::Schedule {
            spec: self.spec,
            action: self.action.into_wire()?,
            overlap: self.overlap,
            catch_up: self.catch_up,
            pause_on_failure: self.pause_on_failure,
            keep_workflow_id: self.keep_workflow_id,
            note: self.note,
            is_paused: self.paused,
            remaining: self.remaining,
        })
    }

    /// # Errors
    /// All that is wrong with it.
    pub(super) fn check(&self, id: &str) -> Result<(), InvalidSchedule> {
        let mut wrong = self.wrong.clone();
        check_id(id, &mut wrong);
        self.spec.check(&mut wrong);
        let named = [
            ("type", &self.action.workflow_type),
            ("id", &self.action.workflow_id),
            ("task queue", &self.action.task_queue),
        ];
        for (name, text) in named {
            if text.is_empty() {
                wrong.push(format!("the {name} of its workflow is empty"));
            }
        }
        if let Some(catch_up) = self.catch_up.filter(|window| *window < SHORTEST_CATCH_UP) {
            wrong.push(format!(
                "its catch-up window of {catch_up:?} is too short; use {SHORTEST_CATCH_UP:?} or more"
            ));
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(InvalidSchedule {
                schedule_id: id.to_owned(),
                problems: wrong,
            }),
        }
    }
}

/// Servers take no shorter one.
const SHORTEST_CATCH_UP: Duration = Duration::from_secs(10);

pub(super) fn check_id(id: &str, wrong: &mut Vec<String>) {
    if id.is_empty() {
        wrong.push("its id is empty".to_owned());
    }
}

impl ScheduleAction {
    /// The workflow of a start, without the options that a schedule decides.
    pub(super) fn new(start: Start, schedule_id: &str) -> Self {
        let converter = start.client.converter().clone();
        let (args, error) = match start.args.0 {
            Ok(args) => (args, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        Self {
            workflow_type: start.workflow,
            workflow_id: schedule_id.to_owned(),
            task_queue: start.task_queue,
            execution_timeout: None,
            run_timeout: None,
            task_timeout: None,
            retry: None,
            args,
            header: Header::new(),
            memo: Header::new(),
            search_attributes: Header::new(),
            others: schedule::OtherOptions::default(),
            converter,
            error,
        }
    }

    /// The arguments of the workflow.
    pub fn args(&self) -> Args {
        let callee = Callee::Workflow(Cow::Owned(self.workflow_type.clone()));
        Args::new(callee, self.args.clone(), self.converter.clone())
    }

    /// Replaces the arguments. An argument that cannot be serialised is an error of the update.
    pub fn set_args(&mut self, args: impl ArgList) {
        match args.encode(&self.converter).0 {
            Ok(args) => self.args = args,
            Err(error) => drop(self.error.get_or_insert(error)),
        }
    }

    fn from_wire(action: schedule::Action, converter: &Converter) -> Self {
        Self {
            workflow_type: action.workflow_type,
            workflow_id: action.workflow_id,
            task_queue: action.task_queue,
            execution_timeout: action.execution_timeout,
            run_timeout: action.run_timeout,
            task_timeout: action.task_timeout,
            retry: action.retry.map(Retry::from_policy),
            args: action.input,
            header: action.header,
            memo: action.memo,
            search_attributes: action.search_attributes,
            others: action.others,
            converter: converter.clone(),
            error: None,
        }
    }

    fn into_wire(self) -> Result<schedule::Action, DataError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        Ok(schedule::Action {
            workflow_id: self.workflow_id,
            workflow_type: self.workflow_type,
            task_queue: self.task_queue,
            input: self.args,
            header: self.header,
            execution_timeout: self.execution_timeout,
            run_timeout: self.run_timeout,
            task_timeout: self.task_timeout,
            retry: self.retry.map(|retry| retry.policy()),
            memo: self.memo,
            search_attributes: self.search_attributes,
            others: self.others,
        })
    }
}

impl fmt::Debug for ScheduleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScheduleAction")
            .field("workflow_type", &self.workflow_type)
            .field("workflow_id", &self.workflow_id)
            .field("task_queue", &self.task_queue)
            .finish_non_exhaustive()
    }
}
