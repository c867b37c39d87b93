//! The path of every change of a schedule: applied to a copy, stored, and only then live.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use durably_history::Time;
use durably_history::schedule::{ActionId, ActionResult, Closed, Schedule};

use super::Backend;
use super::outage::Turn;
use crate::clock::WorkUnits;
use crate::error::{Error, StoreError};
use crate::name::{ActionName, Delivery, ScheduleName};
use crate::schedule::{self, LiveSchedule, full_name};

/// What becomes of a schedule that is changed.
pub(crate) enum Change {
    /// It is stored in its new state.
    Store(Box<Schedule>),
    /// Nothing has changed.
    Keep,
    Remove,
}

/// The state that a change finds: none if the schedule does not exist, an error if it is damaged.
pub(crate) type Present<'a> = Result<Option<&'a Schedule>, StoreError>;

impl Backend {
    /// Changes a schedule, or creates it. `apply` receives the present state, if it exists, and the
    /// time. The change is durable on return; it is completed also if the caller goes away.
    pub(crate) async fn change_schedule<R: Send + 'static>(
        &self,
        name: &ScheduleName,
        apply: impl FnOnce(Present<'_>, Time) -> Result<(Change, R), Error> + Send + 'static,
    ) -> Result<R, Error> {
        let name = name.clone();
        let change =
            |backend: Arc<Self>| async move { backend.change_and_store(&name, apply).await };
        self.complete(change).await?
    }

    /// Changes an existing schedule; it is stored when it is done.
    pub(crate) async fn update_schedule<R: Send + 'static>(
        &self,
        name: &ScheduleName,
        apply: impl FnOnce(&mut Schedule, Time) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let Some(backend) = self.own.upgrade() else {
            return Err(StoreError::Stopped.into());
        };
        let own_name = name.clone();
        let change = move |present: Present<'_>, now| {
            let mut schedule = present?
                .cloned()
                .ok_or_else(|| no_such_schedule(&own_name.id))?;
            backend.take_ends(&own_name, &mut schedule, now)?;
            let result = apply(&mut schedule, now)?;
            match schedule.is_over() {
                true => Ok((Change::Remove, result)),
                false => Ok((Change::Store(Box::new(schedule)), result)),
            }
        };
        self.change_schedule(name, change).await
    }

    /// Takes the ends in that are durable and whose report is on its way: a start must not be skipped
    /// for a workflow that its caller knows to have ended. The real scheduler asks likewise before it
    /// decides a start.
    fn take_ends(
        &self,
        name: &ScheduleName,
        schedule: &mut Schedule,
        now: Time,
    ) -> Result<(), Error> {
        let namespace = self.namespaces.find(&name.namespace)?;
        for awaited in schedule.awaited_ends() {
            let found = self.executions.find(&namespace, &awaited.workflow_id)?;
            let Some(execution) = found else { continue };
            let mut runs = execution.lock();
            // The last commit may fail. A run that is damaged or gone has no end to take in.
            if runs.unconfirmed.has_commits() {
                continue;
            }
            let closed = runs.latest().ok().flatten();
            let closed = closed.and_then(|record| record.run.scheduled_end());
            drop(runs);
            if let Some(closed) = closed.filter(|closed| closed.execution == awaited) {
                schedule.workflow_closed(closed, now);
            }
        }
        Ok(())
    }

    /// Takes the result of an action in.
    pub(crate) async fn finish_action(
        &self,
        name: &ActionName,
        result: ActionResult,
    ) -> Result<(), Error> {
        let action = name.action;
        let finish = move |schedule: &mut Schedule, now| {
            schedule.finish_action(action, result, now);
            Ok(())
        };
        unless_deleted(self.update_schedule(&name.schedule, finish).await)
    }

    /// Takes the end of a workflow in that the schedule has started.
    pub(crate) async fn report_to_schedule(
        &self,
        name: &ScheduleName,
        closed: Closed,
    ) -> Result<(), Error> {
        let report = move |schedule: &mut Schedule, now| {
            schedule.workflow_closed(closed, now);
            Ok(())
        };
        match self.update_schedule(name, report).await {
            // As a damaged workflow, it takes no message, now or later.
            Err(Error::Store(StoreError::Corrupted(damage))) => {
                tracing::error!(
                    namespace = %name.namespace,
                    schedule_id = %name.id,
                    damage,
                    "a schedule is damaged, and takes the end of its workflow no more"
                );
                Ok(())
            }
            updated => unless_deleted(updated),
        }
    }

    /// Wakes a schedule whose time has come. A failure of the store is followed by another attempt.
    pub(crate) fn wake_schedule(&self, name: ScheduleName) {
        let Some(backend) = self.own.upgrade() else {
            return;
        };
        let work = self.begin_input();
        self.runtime.spawn(async move {
            backend.wake_until_stored(&name).await;
            drop(work);
        });
    }

    async fn wake_until_stored(&self, name: &ScheduleName) {
        let mut turn = None;
        loop {
            let wake = |schedule: &mut Schedule, now| {
                schedule.wake(now);
                Ok(())
            };
            let woken = unless_deleted(self.update_schedule(name, wake).await);
            let Err(error) = woken else { return };
            if self.is_stopping() {
                return;
            }
            self.report_failed_wake(name, &error);
            if let (Some(turn), Error::Store(StoreError::Failed(_))) = (turn.take(), &error) {
                Turn::failed(turn);
            }
            let next_turn = async {
                tokio::time::sleep(RETRY_DELAY).await;
                self.outage.turn().await
            };
            turn = tokio::select! {
                biased;
                turn = next_turn => Some(turn),
                () = self.stopped() => return,
            };
        }
    }

    fn report_failed_wake(&self, name: &ScheduleName, error: &Error) {
        let is_outage = matches!(error, Error::Store(StoreError::Failed(_)));
        if is_outage && !self.outage.begin() {
            // All schedules meet the same failure.
            tracing::debug!(schedule_id = %name.id, ?error, "the schedule is woken after a delay, too");
            return;
        }
        tracing::warn!(
            namespace = %name.namespace,
            schedule_id = %name.id,
            ?error,
            delay = ?RETRY_DELAY,
            "the schedule could not be stored; it is woken again after a delay"
        );
    }

    /// Restores the schedules that a stopped server has left.
    pub(super) fn recover_schedules(&self) -> Result<(), StoreError> {
        for stored in self.store.schedules()? {
            // The schedule was deleted with its namespace.
            let Ok(namespace) = self.namespaces.find(&stored.name.namespace) else {
                continue;
            };
            let name = full_name(&namespace, &stored.name.id);
            match Schedule::decode(name, &stored.state) {
                Ok(schedule) => {
                    let live = self.schedules.find_or_insert(&stored.name);
                    // No namespace is deleted before the server has started.
                    let _ = self.set_schedule(&live, Some(Arc::new(schedule)));
                }
                // The server starts, and the schedule rests. Its id stays taken, so that nothing is written over what
                // another version, or a person, may be able to read.
                Err(damage) => {
                    tracing::error!(
                        namespace = %stored.name.namespace,
                        schedule_id = %stored.name.id,
                        %damage,
                        "the stored schedule is damaged and cannot be resumed"
                    );
                    let what = format!("schedule `{}`: {damage}", stored.name.id);
                    let live = self.schedules.find_or_insert(&stored.name);
                    live.set_damaged(StoreError::Corrupted(what));
                }
            }
        }
        Ok(())
    }

    async fn change_and_store<R>(
        &self,
        name: &ScheduleName,
        apply: impl FnOnce(Present<'_>, Time) -> Result<(Change, R), Error>,
    ) -> Result<R, Error> {
        loop {
            let live = self.schedules.find_or_insert(name);
            let changing = live.changing.lock().await;
            // It may have been deleted meanwhile.
            if !self.schedules.holds(&live) {
                continue;
            }
            let changed = self.change_locked(&live, apply).await;
            self.schedules.forget(&live);
            drop(changing);
            return changed;
        }
    }

    async fn change_locked<R>(
        &self,
        live: &Arc<LiveSchedule>,
        apply: impl FnOnce(Present<'_>, Time) -> Result<(Change, R), Error>,
    ) -> Result<R, Error> {
        self.check_running()?;
        self.namespaces.find(&live.name.namespace)?;
        let present = live.get();
        let present = present.as_ref().map(Option::as_deref).map_err(Clone::clone);
        let now = self.clock.now();
        let applied = catch_unwind(AssertUnwindSafe(|| apply(present, now)));
        let (change, result) = applied.unwrap_or_else(|_| Err(StoreError::panicked().into()))?;
        let changed = match change {
            Change::Store(schedule) => Some(Arc::new(*schedule)),
            Change::Remove => None,
            Change::Keep => return Ok(result),
        };
        let state = changed.as_ref().map(|schedule| schedule.encode());
        self.store
            .put_schedule(&live.name, state)
            .confirmed()
            .await?;
        self.outage.end();
        self.set_schedule(live, changed)?;
        Ok(result)
    }

    /// Makes what is durable live: its row, its alarm and its next action.
    ///
    /// # Errors
    /// Its namespace was deleted meanwhile.
    fn set_schedule(
        &self,
        live: &Arc<LiveSchedule>,
        schedule: Option<Arc<Schedule>>,
    ) -> Result<(), Error> {
        let name = &live.name;
        let rows = self.schedules.rows_of(live);
        let rows = rows.ok_or_else(|| Error::NamespaceNotFound(name.namespace.to_string()))?;
        match &schedule {
            Some(schedule) => rows.upsert(schedule::row(schedule)),
            None => rows.remove(&name.id.as_ref().into()),
        }
        let due = schedule.as_ref().and_then(|it| it.next_wakeup());
        let action = schedule.as_ref().and_then(|it| it.next_action());
        live.set(schedule, |at_work| {
            if self.clock.skips() {
                WorkUnits::replace(at_work, usize::from(action.is_some()), &self.clock);
            }
        });
        self.timers.set_schedule(name, due);
        if let Some(action) = action {
            self.send_action(name, action);
        }
        Ok(())
    }

    fn send_action(&self, name: &ScheduleName, action: ActionId) {
        // Without a receiver the server stops, and the action stays in the store.
        let _ = self.outbox.send(Delivery::Action(ActionName {
            schedule: name.clone(),
            action,
        }));
    }
}

/// The real server's words for a schedule that does not exist.
pub(crate) fn no_such_schedule(id: &str) -> Error {
    Error::NotFound(format!(
        "workflow not found for ID: {}{id}",
        schedule::ID_PREFIX
    ))
}

/// A schedule that was deleted meanwhile needs nothing.
fn unless_deleted(changed: Result<(), Error>) -> Result<(), Error> {
    match changed {
        Err(Error::NotFound(_) | Error::NamespaceNotFound(_)) => Ok(()),
        changed => changed,
    }
}

const RETRY_DELAY: Duration = Duration::from_secs(1);
