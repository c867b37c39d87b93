//! Threads that workflow code of one worker blocks. Rust cannot end a thread from outside, so each is
//! replaced and counted until the code returns.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{answer::Failure, ticket::Ticket};
use crate::{
    error::AppError,
    telemetry::log,
    worker::{shared::Shared, slots::Permit},
};

/// The lost threads of one worker.
#[derive(Default)]
pub(crate) struct LostThreads {
    runs: Mutex<BTreeMap<String, Lost>>,
    count: watch::Sender<usize>,
}

/// A run that blocks a thread.
struct Lost {
    /// The error with which its task failed.
    error: String,
    /// The slot of its task; given back early when the worker shuts down.
    slot: Option<Permit>,
}

impl LostThreads {
    /// Counts the thread that the task blocks.
    pub(crate) fn add(&self, shared: &Shared, ticket: &Ticket, error: String, slot: Permit) {
        let lost = Lost {
            error,
            slot: Some(slot),
        };
        let mut runs = self.runs();
        runs.insert(ticket.run_id.clone(), lost);
        self.count.send_replace(runs.len());
        let (lost, limit) = (runs.len(), shared.options.max_lost_threads());
        drop(runs);
        if lost == limit + 1 {
            log::error!(
                task_queue = shared.task_queue,
                lost_threads = lost,
                max_lost_threads = limit,
                "workflow code blocks more threads than `.max_lost_threads(..)` allows: this worker stops \
                 polling for workflow tasks until one of them returns; fix the workflows whose tasks fail as \
                 blocked, and restart the process"
            );
        }
    }

    /// The run has released its thread after all.
    pub(crate) fn returned(&self, shared: &Shared, ticket: &Ticket) {
        let mut runs = self.runs();
        runs.remove(&ticket.run_id);
        self.count.send_replace(runs.len());
        let (lost, limit) = (runs.len(), shared.options.max_lost_threads());
        drop(runs);
        log::on_task!(
            log::warning,
            shared,
            ticket,
            "the run that blocked its thread has released it; the run will be replayed"
        );
        if lost == limit {
            log::warning!(
                task_queue = shared.task_queue,
                "polling for workflow tasks again"
            );
        }
    }

    /// Fails a task of a run whose earlier task still blocks a thread: its code would block one more.
    pub(crate) fn failure_of(&self, ticket: &Ticket) -> Option<Failure> {
        let runs = self.runs();
        let error = &runs.get(&ticket.run_id)?.error;
        let text = format!("{error}. It still blocks that thread of this worker");
        Some(Failure::of(&AppError::new("WorkflowBlocked", text).into()))
    }

    /// Resolves while no more than `limit` threads are lost.
    pub(crate) async fn at_most(&self, limit: usize) {
        let mut count = self.count.subscribe();
        // The sender lives in `self`, so the wait ends by the condition only.
        let _ = count.wait_for(|lost| *lost <= limit).await;
    }

    /// Gives the slots of blocked tasks back: a shutdown does not wait for them.
    pub(crate) fn release_slots(&self) {
        for lost in self.runs().values_mut() {
            lost.slot = None;
        }
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<String, Lost>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
