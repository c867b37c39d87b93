//! Live schedules. All of a server's schedules are in memory, because each has an alarm; the store has
//! what they were when they last changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use durably_history::schedule::{self, Schedule};
use durably_proto::api::common::v1::{Payload, WorkflowExecution};
use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;

use crate::clock::WorkUnits;
use crate::error::StoreError;
use crate::name::ScheduleName;
use crate::namespace::Namespace;
use crate::visibility::Visibility;

/// The schedules of all namespaces.
#[derive(Debug, Default)]
pub(crate) struct Schedules {
    by_name: RwLock<BTreeMap<ScheduleName, Arc<LiveSchedule>>>,
    /// The rows of schedules, by namespace.
    rows: RwLock<BTreeMap<Arc<str>, Arc<Visibility>>>,
}

/// One schedule id.
#[derive(Debug)]
pub(crate) struct LiveSchedule {
    pub(crate) name: ScheduleName,
    /// Held from the application of a change until it is durable, so that each follows the one before.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// What is durable.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// None before the schedule is created, and after it was deleted.
    schedule: Option<Arc<Schedule>>,
    /// Why what is stored cannot be read: the id is taken, and the schedule does nothing.
    damage: Option<StoreError>,
    /// The actions that a skipping clock waits for.
    at_work: Option<WorkUnits>,
}

impl Schedules {
    /// The schedule of that name, if it exists.
    ///
    /// # Errors
    /// It exists, but is damaged.
    pub(crate) fn find(&self, name: &ScheduleName) -> Result<Option<Arc<Schedule>>, StoreError> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.get(name).map_or(Ok(None), |live| live.get())
    }

    /// Whether the live schedule is the one of its name: one that does not exist is forgotten.
    pub(crate) fn holds(&self, live: &Arc<LiveSchedule>) -> bool {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let held = by_name.get(&live.name);
        held.is_some_and(|held| Arc::ptr_eq(held, live))
    }

    /// Number of ids that are held.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.len()
    }

    /// Forgets a live schedule that does not exist. Who waits to change it finds another one.
    pub(crate) fn forget(&self, live: &Arc<LiveSchedule>) {
        if !matches!(live.get(), Ok(None)) || !self.holds(live) {
            return;
        }
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.remove(&live.name);
    }

    /// The schedule of that name, which may have to be created.
    pub(crate) fn find_or_insert(&self, name: &ScheduleName) -> Arc<LiveSchedule> {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let live = by_name.entry(name.clone()).or_insert_with(|| {
            Arc::new(LiveSchedule {
                name: name.clone(),
                changing: tokio::sync::Mutex::default(),
                state: Mutex::default(),
            })
        });
        Arc::clone(live)
    }

    /// Forgets the schedules of a deleted namespace.
    pub(crate) fn drop_namespace(&self, namespace: &str) {
        let dropped: BTreeMap<_, _> = {
            let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
            let of_namespace = |name: &ScheduleName| *name.namespace == *namespace;
            let (dropped, kept) = std::mem::take(&mut *by_name)
                .into_iter()
                .partition(|(name, _)| of_namespace(name));
            *by_name = kept;
            dropped
        };
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        rows.remove(namespace);
        drop(rows);
        for live in dropped.values() {
            live.set(None, |at_work| *at_work = None);
        }
    }

    /// The rows of the namespace of a live schedule; none if that was deleted with its namespace.
    pub(crate) fn rows_of(&self, live: &Arc<LiveSchedule>) -> Option<Arc<Visibility>> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let held = by_name.get(&live.name)?;
        // Locked until the rows are found: a deletion drops first the schedules, then the rows.
        Arc::ptr_eq(held, live).then(|| self.rows(&live.name.namespace))
    }

    /// The rows of a namespace's schedules.
    pub(crate) fn rows(&self, namespace: &str) -> Arc<Visibility> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = rows.get(namespace) {
            return Arc::clone(rows);
        }
        drop(rows);
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(rows.entry(namespace.into()).or_default())
    }
}

impl LiveSchedule {
    /// The schedule as it is stored; none if it does not exist.
    ///
    /// # Errors
    /// It exists, but is damaged.
    pub(crate) fn get(&self) -> Result<Option<Arc<Schedule>>, StoreError> {
        let state = self.lock();
        match &state.damage {
            Some(damage) => Err(damage.clone()),
            None => Ok(state.schedule.clone()),
        }
    }

    /// What is stored cannot be read.
    pub(crate) fn set_damaged(&self, damage: StoreError) {
        self.lock().damage = Some(damage);
    }

    /// Replaces the schedule with what is durable now. `at_work` replaces the counted actions.
    pub(crate) fn set(
        &self,
        schedule: Option<Arc<Schedule>>,
        at_work: impl FnOnce(&mut Option<WorkUnits>),
    ) {
        let mut state = self.lock();
        state.schedule = schedule;
        state.damage = None;
        at_work(&mut state.at_work);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name as the history core has it, with the namespace's id.
pub(crate) fn full_name(namespace: &Namespace, id: &str) -> schedule::ScheduleName {
    schedule::ScheduleName {
        namespace: namespace.name.to_string(),
        namespace_id: namespace.id.clone(),
        id: id.to_owned(),
    }
}

/// The row of a schedule, which queries filter as they filter the rows of workflows.
pub(crate) fn row(schedule: &Schedule) -> WorkflowExecutionInfo {
    let id = &schedule.name().id;
    let mut attributes = schedule.search_attributes().cloned().unwrap_or_default();
    let paused = Payload {
        metadata: [
            ("encoding".to_owned(), b"json/plain".to_vec()),
            ("type".to_owned(), b"Bool".to_vec()),
        ]
        .into(),
        data: schedule.is_paused().to_string().into_bytes(),
        ..Payload::default()
    };
    attributes.indexed_fields.insert(PAUSED.to_owned(), paused);
    WorkflowExecutionInfo {
        execution: Some(WorkflowExecution {
            workflow_id: id.clone(),
            run_id: id.clone(),
        }),
        start_time: Some(schedule.created_at().into()),
        execution_time: Some(schedule.created_at().into()),
        status: WorkflowExecutionStatus::Running.into(),
        search_attributes: Some(attributes),
        ..WorkflowExecutionInfo::default()
    }
}

/// In front of a schedule's id in the id of the workflow that the real server has for it.
pub(crate) const ID_PREFIX: &str = "temporal-sys-scheduler:";
const PAUSED: &str = "TemporalSchedulePaused";
