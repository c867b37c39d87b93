//! Recovery: restores the tasks and the alarm of an execution from what is stored, after a failure
//! of the store and after a restart.

use std::sync::Arc;
use std::time::Duration;

use durably_history::RunId;

use super::Backend;
use crate::error::StoreError;
use crate::execution::{Execution, Runs};
use crate::store::OpenRun;

impl Backend {
    /// Restores what a stopped server has left: the alarms of all open runs, and the tasks that
    /// waited for workers.
    pub(crate) fn recover_all(&self) -> Result<(), StoreError> {
        let mut with_tasks = Vec::new();
        self.store.open_runs(&mut |OpenRun {
                                        name,
                                        next_due,
                                        has_tasks,
                                    }| {
            self.clock.count_run();
            self.timers.set_run(&name, next_due);
            if has_tasks {
                with_tasks.push(name);
            }
        })?;
        for name in with_tasks {
            // A namespace is never removed.
            let Ok(namespace) = self.namespaces.find(&name.execution.namespace) else {
                continue;
            };
            let workflow_id = &name.execution.workflow_id;
            let execution = self.executions.find_or_create(&namespace, workflow_id);
            let mut runs = execution.lock();
            self.recover(&execution, &mut runs, &name.run_id)?;
        }
        Ok(())
    }

    /// Recovers an execution when the store may work again.
    pub(super) fn recover_later(&self, execution: &Arc<Execution>, error: &StoreError) {
        // The caller holds the lock; the flag is set as soon as it is free.
        let Some(backend) = self.own.upgrade() else {
            return;
        };
        let (execution, error) = (Arc::clone(execution), error.clone());
        self.runtime.spawn(async move {
            let mut runs = execution.lock();
            backend.recover_later_locked(&execution, &mut runs, &error);
        });
    }

    /// [`Self::recover_later`] for a locked execution.
    pub(super) fn recover_later_locked(
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
        tracing::warn!(
            namespace = %execution.name.namespace,
            workflow_id = %execution.name.workflow_id,
            %error,
            "the store failed; the workflow is recovered when it works again"
        );
        let execution = Arc::clone(execution);
        self.runtime
            .spawn(async move { backend.recover_with_backoff(&execution).await });
    }

    async fn recover_with_backoff(&self, execution: &Arc<Execution>) {
        let mut delay = FIRST_DELAY;
        loop {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = self.stopped() => return,
            }
            let mut runs = execution.lock();
            let latest = runs
                .latest()
                .map(|latest| latest.map(|record| record.run.run_id().clone()));
            let recovered = match latest {
                Ok(Some(run_id)) => self.recover(execution, &mut runs, &run_id),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            match recovered {
                Ok(()) => {
                    runs.is_recovering = false;
                    return;
                }
                Err(error) => tracing::debug!(%error, "the store fails still"),
            }
            delay = (delay * 2).min(LONGEST_DELAY);
        }
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
            let tasks = record.run.pending_tasks();
            self.dispatch(execution, record, tasks, now);
            let due = record.next_due();
            self.set_alarm(execution, record, due);
        }
        Ok(())
    }
}

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(10);
