//! Recovery: restores the tasks and the alarm of an execution from what is stored, after a failure
//! of the store and after a restart.

use std::sync::Arc;
use std::time::Duration;

use durably_history::RunId;

use super::Backend;
use crate::error::StoreError;
use crate::execution::{Execution, RunEffects, Runs};
use crate::store::UnfinishedRun;

impl Backend {
    /// Restores what a stopped server has left: the alarms of all open runs, the tasks that waited
    /// for workers, and the messages that waited for their delivery.
    pub(crate) fn recover_all(&self) -> Result<(), StoreError> {
        let mut with_tasks = Vec::new();
        self.store.unfinished_runs(&mut |UnfinishedRun {
                                              name,
                                              is_open,
                                              next_due,
                                              has_tasks,
                                          }| {
            if is_open {
                self.clock.count_run();
            }
            self.timers.set_run(&name, next_due);
            if has_tasks {
                with_tasks.push(name);
            }
        })?;
        self.recover_schedules()?;
        for name in with_tasks {
            // The run was deleted with its namespace.
            let Ok(namespace) = self.namespaces.find(&name.execution.namespace) else {
                continue;
            };
            let workflow_id = &name.execution.workflow_id;
            let execution = self.executions.find_or_create(&namespace, workflow_id);
            let mut runs = execution.lock();
            if let Err(error) = self.recover(&execution, &mut runs, &name.run_id) {
                // The server starts without a run that is damaged.
                runs.unrecovered.insert(name.run_id);
                self.recover_later(&execution, &mut runs, &error);
            }
        }
        Ok(())
    }

    /// Recovers a locked execution when the store may work again.
    pub(super) fn recover_later(
        &self,
        execution: &Arc<Execution>,
        runs: &mut Runs,
        error: &StoreError,
    ) {
        let Some(backend) = self.own.upgrade() else {
            return;
        };
        if self.is_stopping() || std::mem::replace(&mut runs.is_recovering, true) {
            return;
        }
        let delay = runs.next_recovery_delay();
        let name = &execution.name;
        let is_outage = matches!(error, StoreError::Failed(_));
        if execution.namespace.is_deleted() {
            // The commits of a deleted namespace fail.
        } else if is_outage && !self.outage.begin() {
            // Thousands of workflows may meet the same failure.
            tracing::debug!(%name, %error, ?delay, "the workflow is recovered after a delay, too");
        } else {
            tracing::warn!(
                namespace = %name.namespace,
                workflow_id = %name.workflow_id,
                %error,
                ?delay,
                "the workflow could not be stored or read; it is recovered after a delay"
            );
        }
        let execution = Arc::clone(execution);
        self.runtime
            .spawn(async move { backend.recover_with_backoff(&execution, delay).await });
    }

    async fn recover_with_backoff(&self, execution: &Arc<Execution>, mut delay: Duration) {
        loop {
            tokio::select! {
                biased;
                () = tokio::time::sleep(delay) => {}
                () = self.stopped() => return,
            }
            let turn = tokio::select! {
                biased;
                turn = self.outage.turn() => turn,
                () = self.stopped() => return,
            };
            if execution.namespace.has_been_deleted() {
                return;
            }
            let mut runs = execution.lock();
            if runs.unconfirmed.has_commits() {
                // Tasks are offered when what led to them is durable.
                continue;
            }
            if let Err(error) = self.recover_runs(execution, &mut runs) {
                tracing::debug!(%error, "the store still fails");
                turn.failed();
                delay = runs.next_recovery_delay();
                continue;
            }
            runs.is_recovering = false;
            return;
        }
    }

    /// Recovers the latest run, and the earlier ones that need it.
    fn recover_runs(&self, execution: &Execution, runs: &mut Runs) -> Result<(), StoreError> {
        let latest = runs.latest_id()?;
        runs.unrecovered.extend(latest);
        while let Some(run_id) = runs.unrecovered.first().cloned() {
            match self.recover(execution, runs, &run_id) {
                Ok(()) => {}
                Err(StoreError::Corrupted(damage)) => tracing::error!(
                    namespace = %execution.name.namespace,
                    workflow_id = %execution.name.workflow_id,
                    %damage,
                    "the stored workflow is damaged and cannot be resumed"
                ),
                Err(error) => return Err(error),
            }
            runs.unrecovered.remove(&run_id);
        }
        Ok(())
    }

    /// Offers a run's waiting tasks again and sets its alarm. An offer of a task that a worker has
    /// taken meanwhile is dropped when it is polled.
    fn recover(
        &self,
        execution: &Execution,
        runs: &mut Runs,
        run_id: &RunId,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some(record) = runs.get(run_id)? {
            let effects = record.run.pending_tasks();
            let recovered = [RunEffects {
                run_id: run_id.clone(),
                effects: effects.clone(),
            }];
            self.send_messages(execution, &recovered);
            self.dispatch(execution, record, effects, now);
            self.set_alarm(execution, record);
        }
        Ok(())
    }
}
