//! Commits: what an input has changed becomes durable, then its effects are executed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use durably_history::{Effect, Run, Time};

use super::Backend;
use crate::clock::WorkGuard;
use crate::error::{Error, StoreError};
use crate::execution::{Consequences, Execution, Record, RunEffects, Runs};
use crate::name::{Delivery, MessageName};
use crate::store::{RunChange, Submitted};

/// What an input has changed in memory.
pub(super) struct Applied {
    pub(super) changes: Vec<RunChange>,
    /// A run that starts.
    pub(super) started: Option<Record>,
    pub(super) consequences: Consequences,
}

impl Applied {
    /// Nothing, for an input at this time.
    pub(super) fn new(now: Time, work: Option<WorkGuard>) -> Self {
        Self {
            changes: Vec::new(),
            started: None,
            consequences: Consequences {
                effects: Vec::new(),
                has_events: false,
                now,
                work,
            },
        }
    }

    /// Adds the change of a run that was there.
    pub(super) fn change(&mut self, record: &mut Record, effects: Vec<Effect>) {
        self.add(record, false, effects);
    }

    /// Adds a run that starts.
    pub(super) fn start(&mut self, run: Run, effects: Vec<Effect>) {
        let mut record = Record::new(run);
        self.add(&mut record, true, effects);
        self.started = Some(record);
    }

    fn add(&mut self, record: &mut Record, is_new: bool, effects: Vec<Effect>) {
        let change = record.take_change(is_new, &effects);
        self.consequences.has_events |= change.events.is_some();
        self.consequences.effects.push(RunEffects {
            run_id: change.run_id.clone(),
            effects,
        });
        self.changes.push(change);
    }
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
            consequences,
        } = applied;
        if changes.iter().all(RunChange::is_empty) {
            self.follow_up(execution, runs, consequences);
            return Ok(());
        }
        let submitted = runs.commit(changes, started);
        match submitted.unwrap_or_else(|error| Submitted::Done(Err(error))) {
            Submitted::Done(Ok(())) => {
                runs.reset_recovery_delay();
                self.outage.end();
                self.send_messages(execution, &consequences.effects);
                self.follow_up(execution, runs, consequences);
                Ok(())
            }
            Submitted::Done(Err(error)) => {
                self.fail(execution, runs, &error);
                Err(error.into())
            }
            Submitted::Pending(confirmation) => {
                if runs.unconfirmed.push(confirmation, consequences)
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

    /// Executes the effects of an execution's commits as the store confirms them, in order.
    async fn await_confirmations(&self, execution: &Arc<Execution>) {
        loop {
            let next = {
                let mut runs = execution.lock();
                if runs.is_broken() && !runs.unconfirmed.has_commits() {
                    self.fail(execution, &mut runs, &StoreError::panicked());
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
            let Some(consequences) = runs.unconfirmed.confirm_first() else {
                continue;
            };
            // Before anything that may fail: the recovery of an execution need not find the messages of
            // a run that is not the latest.
            self.send_messages(execution, &consequences.effects);
            self.outage.end();
            if runs.is_broken() {
                continue;
            }
            runs.reset_recovery_delay();
            let followed_up = catch_unwind(AssertUnwindSafe(|| {
                self.follow_up(execution, &mut runs, consequences);
            }));
            if followed_up.is_err() {
                self.panicked(execution, &mut runs);
            }
        }
    }

    /// Drops the live state after a panic, and recovers the execution later: the next input must not
    /// meet what is half changed.
    pub(crate) fn panicked(&self, execution: &Arc<Execution>, runs: &mut Runs) -> Error {
        let error = StoreError::panicked();
        tracing::error!(
            namespace = %execution.name.namespace,
            workflow_id = %execution.name.workflow_id,
            "the server panicked while it handled the workflow, which is a bug of the server"
        );
        execution.break_off(runs);
        // With commits on their way, the task that awaits them sees to the recovery.
        if !runs.is_broken() {
            self.recover_later(execution, runs, &error);
        }
        error.into()
    }

    /// Gives the messages to other executions of a durable commit to the outbox.
    pub(super) fn send_messages(&self, execution: &Execution, effects: &[RunEffects]) {
        for RunEffects { run_id, effects } in effects {
            for effect in effects {
                if let Effect::Deliver(key) = effect {
                    // Without a receiver the server stops, and the message stays in the store.
                    let _ = self.outbox.send(Delivery::Message(MessageName {
                        run: execution.run_name(run_id),
                        key: *key,
                    }));
                }
            }
        }
    }

    /// Executes what follows from a durable commit.
    fn follow_up(&self, execution: &Execution, runs: &mut Runs, consequences: Consequences) {
        let Consequences {
            effects,
            has_events,
            now,
            work: _work,
        } = consequences;
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
        self.recover_later(execution, runs, error);
    }
}
