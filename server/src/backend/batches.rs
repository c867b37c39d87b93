//! Batch operations: their start, their end, and what a restart finds of them.

use std::sync::Arc;

use durably_history::Time;
use durably_proto::api::enums::v1::BatchOperationState;
use prost::Message;

use super::Backend;
use crate::batch::{Batch, LiveBatch};
use crate::error::{AlreadyStarted, Error, StoreError};
use crate::name::BatchName;
use crate::namespace::Namespace;

impl Backend {
    /// Starts a batch operation. It is durable on return; it is completed also if the caller goes away.
    pub(crate) async fn start_batch(
        &self,
        namespace: Arc<Namespace>,
        name: BatchName,
        batch: Batch,
    ) -> Result<(), Error> {
        let start = |backend: Arc<Self>| async move {
            let live = Arc::new(LiveBatch::new(name, batch));
            backend.start_and_store(&namespace, live).await
        };
        self.complete(start).await?
    }

    async fn start_and_store(
        &self,
        namespace: &Namespace,
        live: Arc<LiveBatch>,
    ) -> Result<(), Error> {
        let name = &live.name;
        let _starting = self.batches.starting.lock().await;
        let batches = self.batches.of_namespace(&name.namespace);
        if batches.iter().any(|live| live.lock().is_running()) {
            return Err(Error::Exhausted(
                "Max concurrent batch operations is reached",
            ));
        }
        if let Some(ended) = self.batches.find(name) {
            let run_id = ended.lock().run_id.clone();
            let message = format!(
                "Workflow execution already finished. WorkflowId: {}, RunId: {run_id}. Workflow Id reuse policy: reject duplicate workflow Id.",
                name.id
            );
            return Err(Error::AlreadyStarted(AlreadyStarted {
                message,
                start_request_id: String::new(),
                first_run_id: run_id.clone(),
                run_id,
            }));
        }
        self.save_batch(&live).await?;
        if let Err(deleted) = self.batches.insert(namespace, Arc::clone(&live)) {
            // What cannot be removed now is removed by the sweep after a restart.
            drop(self.store.put_batch(&live.name, None));
            return Err(deleted);
        }
        self.work_on(&live);
        Ok(())
    }

    /// Ends a batch operation; returns false if it has ended already. The end is durable on return; it
    /// is completed also if the caller goes away.
    pub(crate) async fn close_batch(
        &self,
        live: &Arc<LiveBatch>,
        state: BatchOperationState,
    ) -> Result<bool, Error> {
        let live = Arc::clone(live);
        let close = |backend: Arc<Self>| async move {
            let _saving = live.saving.lock().await;
            let mut ended = live.lock().clone();
            if !ended.close(state, backend.clock.now()) {
                return Ok(false);
            }
            // Until the store has it, the operation is running: after a failure the end is repeated.
            backend.put_batch(&live.name, ended.encode_to_vec()).await?;
            *live.lock() = ended;
            Ok(true)
        };
        self.complete(close).await?
    }

    /// Saves the state of a batch operation.
    pub(crate) async fn save_batch(&self, live: &LiveBatch) -> Result<(), StoreError> {
        let _saving = live.saving.lock().await;
        let state = live.lock().encode_to_vec();
        self.put_batch(&live.name, state).await
    }

    async fn put_batch(&self, name: &BatchName, state: Vec<u8>) -> Result<(), StoreError> {
        let saved = self.store.put_batch(name, Some(state));
        saved.confirmed().await
    }

    /// Restores the batch operations that a stopped server has left.
    pub(crate) fn recover_batches(&self) -> Result<(), StoreError> {
        for stored in self.store.batches()? {
            match Batch::decode(&*stored.state) {
                Ok(batch) => {
                    let live = Arc::new(LiveBatch::new(stored.name, batch));
                    self.batches.add_stored(Arc::clone(&live));
                    if live.lock().is_running() {
                        self.work_on(&live);
                    }
                }
                // The server starts without a batch operation that is damaged.
                Err(damage) => tracing::error!(
                    namespace = %stored.name.namespace,
                    job_id = %stored.name.id,
                    %damage,
                    "the stored batch operation is damaged and cannot be resumed"
                ),
            }
        }
        Ok(())
    }

    /// Removes the batch operations of a namespace that ended before a time.
    pub(super) fn remove_ended_batches(&self, namespace: &str, before: Time) {
        for live in self.batches.of_namespace(namespace) {
            let closed_at = live.lock().closed_at();
            if closed_at.is_some_and(|at| at < before) {
                // What is not removed now is removed by the next sweep after a restart.
                drop(self.store.put_batch(&live.name, None));
                self.batches.remove(&live.name);
            }
        }
    }

    fn work_on(&self, live: &LiveBatch) {
        // Without a receiver the server stops, and the batch operation stays in the store.
        let _ = self.running_batches.send(live.name.clone());
    }
}
