//! Lists of schedules.

use durably_engine::Header;

use crate::{
    client::{
        Client,
        handle::description::read,
        pages::{List, PageRequest},
    },
    data::{
        Converter, Data,
        search::{Filter, SearchKey, SearchKind},
    },
    error::DataError,
    interceptor::Listed,
    time::Time,
    wire::{
        schedule::{ListSchedules, ListedSchedule, ScheduledRun},
        schedule_spec::ScheduleSpec,
    },
};

/// A schedule, as lists show it.
///
/// ```no_run
/// use durably::{prelude::*, search::{Keyword, SearchKey}};
///
/// const TEAM: SearchKey<Keyword> = SearchKey::new("Team");
///
/// # async fn example(client: Client) -> Result<()> {
/// let mut schedules = client.schedules();
/// while let Some(schedule) = schedules.next().await? {
///     let state = if schedule.paused { "paused" } else { "active" };
///     println!("{} starts {}: {state}", schedule.id, schedule.workflow_type);
///     println!("{:?} {:?}", schedule.memo::<String>("owner")?, schedule.search(TEAM)?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScheduleSummary {
    /// The id of the schedule.
    pub id: String,
    /// The type of the workflow that it starts.
    pub workflow_type: String,
    /// When it acts.
    pub spec: ScheduleSpec,
    /// A note for people.
    pub note: String,
    /// Whether it is paused.
    pub paused: bool,
    /// Some of the workflows that it has started last, oldest first.
    pub recent: Vec<ScheduledRun>,
    /// Some of the times at which it acts next.
    pub next: Vec<Time>,
    memo: Header,
    search_attributes: Header,
    converter: Converter,
}

impl ScheduleSummary {
    fn new(found: ListedSchedule, converter: &Converter) -> Self {
        Self {
            id: found.id,
            workflow_type: found.workflow_type,
            spec: found.spec,
            note: found.note,
            paused: found.is_paused,
            recent: found.recent,
            next: found.next,
            memo: found.memo,
            search_attributes: found.search_attributes,
            converter: converter.clone(),
        }
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

pub(crate) fn list(client: &Client) -> List<ScheduleSummary> {
    let request = |page: PageRequest| ListSchedules {
        filter: page.filter,
        page_size: page.size,
        page_token: page.page_token,
    };
    List::of_requests(
        client,
        Listed::Schedules,
        Filter::from(""),
        request,
        ScheduleSummary::new,
    )
}
