//! Removes runs that are to be deleted, once they are closed and their messages are delivered.

use std::time::Duration;

use durably_history::RunId;

use super::Backend;
use super::outage::Turn;
use crate::error::{Error, StoreError};
use crate::execution::Execution;
use crate::name::RunName;

impl Backend {
    /// Removes a run in the background: its execution is locked now, and its last commit may be on its
    /// way. A failure of the store is followed by another attempt; after a restart the run is found as
    /// an unfinished one.
    pub(super) fn remove_later(&self, execution: &Execution, run_id: &RunId) {
        let Some(backend) = self.own.upgrade() else {
            return;
        };
        let run = execution.run_name(run_id);
        let work = self.begin_input();
        self.runtime.spawn(async move {
            backend.remove_until_done(&run).await;
            drop(work);
        });
    }

    async fn remove_until_done(&self, run: &RunName) {
        let mut delay = FIRST_DELAY;
        let mut turn: Option<Turn<'_>> = None;
        while let Err(error) = self.remove(run).await {
            if self.is_stopping() {
                return;
            }
            let is_outage = matches!(error, Error::Store(StoreError::Failed(_)));
            // All that is removed meets the same failure.
            if !is_outage || self.outage.begin() {
                tracing::warn!(
                    namespace = %run.execution.namespace,
                    workflow_id = %run.execution.workflow_id,
                    run_id = %run.run_id,
                    ?error,
                    ?delay,
                    "a deleted workflow could not be removed; it is removed after a delay"
                );
            }
            if let Some(turn) = turn.take_if(|_| is_outage) {
                turn.failed();
            }
            // Somebody else may make an attempt meanwhile.
            drop(turn.take());
            let next_turn = async {
                tokio::time::sleep(delay).await;
                self.outage.turn().await
            };
            turn = tokio::select! {
                biased;
                turn = next_turn => Some(turn),
                () = self.stopped() => return,
            };
            delay = (delay * 2).min(LONGEST_DELAY);
        }
        self.outage.end();
    }

    async fn remove(&self, run: &RunName) -> Result<(), Error> {
        loop {
            let Ok(namespace) = self.namespaces.find(&run.execution.namespace) else {
                // The run goes with its namespace.
                return Ok(());
            };
            let workflow_id = &run.execution.workflow_id;
            let execution = self.executions.find_or_create(&namespace, workflow_id);
            execution.confirmed().await?;
            let run_id = run.run_id.clone();
            // The store may wait for its disk.
            let removed =
                self.on_disk(move |backend| backend.remove_confirmed(&execution, &run_id));
            if removed.await? {
                return Ok(());
            }
        }
    }

    /// Removes a run unless a commit of its execution is on its way; returns whether it is gone.
    fn remove_confirmed(&self, execution: &Execution, run_id: &RunId) -> Result<bool, Error> {
        let mut runs = execution.lock();
        if !runs.unconfirmed.is_empty() {
            return Ok(false);
        }
        match runs.get(run_id) {
            Ok(Some(record)) => assert!(
                record.run.is_removable(),
                "a run is removed at the end of its work"
            ),
            Ok(None) => return Ok(true),
            // A damaged run can be removed all the same.
            Err(StoreError::Corrupted(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.store.remove_run(&execution.name, run_id)?;
        runs.removed(run_id);
        drop(runs);
        // Requests that wait for its events find that it is gone.
        execution.notify_waiters();
        Ok(true)
    }
}

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
