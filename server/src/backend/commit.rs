//! Commits: what an input has changed becomes durable, then its effects are executed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use durably_history::Time;

use super::Backend;
use crate::clock::WorkGuard;
use crate::error::{Error, StoreError};
use crate::execution::{Execution, Record, RunEffects, Runs, UnconfirmedCommit};
use crate::store::{RunChange, Submitted};

/// What an input has changed in memory.
pub(super) struct Applied {
    pub(super) changes: Vec<RunChange>,
    /// A run that starts.
    pub(super) started: Option<Record>,
    /// In the order of their execution.
    pub(super) effects: Vec<RunEffects>,
    pub(super) has_events: bool,
    pub(super) now: Time,
    pub(super) work: Option<WorkGuard>,
}

impl Backend {
    /// Submits a commit of a locked execution. Its effects are executed at once if the store is
    /// done with it, otherwise when the store confirms it.
    ///
    /// # Errors
    /// The store refused the commit, and the execution is as before it.
    pub(super) fn commit(
        &self,
        execution: &Arc<Execution>,
        runs: &mut Runs,
        applied: Applied,
    ) -> Result<(), Error> {
        let Applied {
            changes,
            started,
            effects,
            has_events,
            now,
            work,
        } = applied;
        if started.is_none() && changes.iter().all(RunChange::is_empty) {
            self.dispatch_all(execution, runs, effects, has_events, now);
            return Ok(());
        }
        let submitted = runs.commit(changes, started);
        match submitted.unwrap_or_else(|error| Submitted::Done(Err(error))) {
            Submitted::Done(Ok(())) => {
                runs.reset_recovery_delay();
                self.dispatch_all(execution, runs, effects, has_events, now);
                Ok(())
            }
            Submitted::Done(Err(error)) => {
                self.fail(execution, runs, &error);
                Err(error.into())
            }
            Submitted::Pending(confirmation) => {
                let commit = UnconfirmedCommit::new(confirmation, effects, now, has_events, work);
                if runs.unconfirmed.push(commit)
                    && let Some(backend) = self.own.upgrade()
                {
                    let execution = Arc::clone(execution);
                    self.runtime
                        .spawn(async move { backend.await_confirmations(&execution).await });
                }
                Ok(())
            }
        }
    }

    /// Passes a result of the store on; after a failure the execution is recovered.
    pub(super) fn unless_failed<T>(
        &self,
        execution: &Arc<Execution>,
        found: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        found.inspect_err(|error| self.recover_later(execution, error))
    }

    /// Executes the effects of an execution's commits as the store confirms them, in order.
    async fn await_confirmations(&self, execution: &Arc<Execution>) {
        loop {
            let next = {
                let mut runs = execution.lock();
                if runs.is_broken() && !runs.unconfirmed.has_commits() {
                    let error = StoreError::Failed(BROKEN_OFF.to_owned());
                    self.fail(execution, &mut runs, &error);
                }
                runs.unconfirmed.next_confirmation()
            };
            let Some(confirmation) = next else { return };
            // Without a sender the store has stopped.
            let confirmation = confirmation.await.unwrap_or(Err(StoreError::Stopped));
            let mut runs = execution.lock();
            if let Err(error) = &confirmation {
                self.fail(execution, &mut runs, error);
                continue;
            }
            let Some(mut commit) = runs.unconfirmed.pop() else {
                continue;
            };
            commit.notify(&confirmation);
            if runs.is_broken() {
                continue;
            }
            runs.reset_recovery_delay();
            let effects = std::mem::take(&mut commit.effects);
            let (has_events, now) = (commit.has_events, commit.now);
            let dispatched = catch_unwind(AssertUnwindSafe(|| {
                self.dispatch_all(execution, &mut runs, effects, has_events, now);
            }));
            if dispatched.is_err() {
                self.panicked(execution, &mut runs);
            }
        }
    }

    /// Drops the live state after a panic, and recovers the execution later: the next input must not
    /// meet what is half changed.
    pub(crate) fn panicked(&self, execution: &Arc<Execution>, runs: &mut Runs) -> Error {
        let error = StoreError::Failed(BROKEN_OFF.to_owned());
        tracing::error!(
            namespace = %execution.name.namespace,
            workflow_id = %execution.name.workflow_id,
            "the server panicked while it handled the workflow, which is a bug of the server"
        );
        execution.break_off(runs);
        // With commits on their way, the task that awaits them sees to the recovery.
        if !runs.is_broken() {
            self.recover_later_locked(execution, runs, &error);
        }
        error.into()
    }

    fn dispatch_all(
        &self,
        execution: &Execution,
        runs: &mut Runs,
        effects: Vec<RunEffects>,
        has_events: bool,
        now: Time,
    ) {
        for RunEffects { run_id, effects } in effects {
            // The commit has just changed the run, so it is in memory.
            if let Ok(Some(record)) = runs.get(&run_id) {
                self.dispatch(execution, record, effects, now);
            }
        }
        if has_events {
            execution.changed.notify_waiters();
        }
    }

    /// Drops the live state after a failed commit, and recovers the execution later.
    fn fail(&self, execution: &Arc<Execution>, runs: &mut Runs, error: &StoreError) {
        execution.fail(runs, error);
        self.recover_later_locked(execution, runs, error);
    }
}

const BROKEN_OFF: &str = "the server panicked while it handled the workflow; try again";
