//! What the server knows of a schedule.

use std::ops::{Deref, DerefMut};

use durably_engine::Header;

use super::Schedule;
use crate::{
    client::handle::description::read,
    data::{
        Converter, Data,
        search::{SearchKey, SearchKind},
    },
    error::DataError,
    wire::schedule::{DescribedSchedule, ScheduleInfo},
};

/// What the server knows of a schedule; the fields of [`Schedule`] are fields of it, too.
///
/// ```no_run
/// use durably::{prelude::*, search::{Keyword, SearchKey}};
///
/// const TEAM: SearchKey<Keyword> = SearchKey::new("Team");
///
/// # async fn example(client: Client) -> Result<()> {
/// let nightly = client.schedule("nightly").describe().await?;
/// println!("{} ({}), started {} times", nightly.id, nightly.note, nightly.info.counts.started);
/// println!("{:?} {:?}", nightly.memo::<String>("owner")?, nightly.search(TEAM)?);
/// for time in &nightly.info.next {
///     println!("acts at {time}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// Servers compile what was given: a cron expression is described as a calendar.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScheduleDescription {
    /// The id of the schedule.
    pub id: String,
    /// What it is to do, and when.
    pub schedule: Schedule,
    /// What it has done, and what it will do.
    pub info: ScheduleInfo,
    memo: Header,
    search_attributes: Header,
    converter: Converter,
    /// Names this state of the schedule.
    pub(super) conflict_token: Vec<u8>,
}

impl ScheduleDescription {
    pub(super) fn new(id: &str, found: DescribedSchedule, converter: &Converter) -> Self {
        Self {
            id: id.to_owned(),
            schedule: Schedule::from_wire(found.schedule, converter),
            info: found.info,
            memo: found.memo,
            search_attributes: found.search_attributes,
            converter: converter.clone(),
            conflict_token: found.conflict_token,
        }
    }

    /// Puts another schedule in place of this one, and keeps its state: a paused schedule stays paused, and a note
    /// or a number of remaining workflows that the new one lacks are those of the old one. The memo, the search
    /// attributes, the trigger and the backfills of a call are left out: only a new schedule has them.
    ///
    /// An assignment to [`schedule`](Self::schedule) replaces the state, too: it unpauses the schedule and lifts its
    /// limit if the new one says nothing of them.
    ///
    /// ```no_run
    /// use durably::prelude::*;
    /// # #[derive(Default)] struct Report;
    /// # #[workflow(task_queue = "reports")] impl Report { #[run] async fn run(&mut self, region: String) {} }
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// let nightly = client.schedule("nightly");
    /// let next = move || Report::schedule(&client, "nightly", "us").cron("0 3 * * *");
    /// nightly.update(move |described| described.replace(next())).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&mut self, schedule: impl Into<Schedule>) {
        let mut new = schedule.into();
        let old = &self.schedule;
        new.paused |= old.paused;
        new.remaining = new.remaining.or(old.remaining);
        if new.note.is_empty() {
            new.note.clone_from(&old.note);
        }
        self.schedule = new;
    }

    /// The schedule's memo of this name; `None` if it has none.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DataError> {
        read(&self.memo, name, "memo", &self.converter)
    }

    /// The schedule's search attribute of this key; `None` if it is not set.
    ///
    /// # Errors
    /// It is of another type.
    pub fn search<K: SearchKind>(&self, key: SearchKey<K>) -> Result<Option<K::Value>, DataError> {
        key.read(self.search_attributes.get(key.name()))
    }
}

impl Deref for ScheduleDescription {
    type Target = Schedule;

    fn deref(&self) -> &Schedule {
        &self.schedule
    }
}

impl DerefMut for ScheduleDescription {
    fn deref_mut(&mut self) -> &mut Schedule {
        &mut self.schedule
    }
}
