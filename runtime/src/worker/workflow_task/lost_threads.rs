//! Threads that workflow code of one worker blocks. Rust cannot end a thread from outside, so each is
//! replaced and counted until the code returns.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{failure_report::FailureReport, task_info::TaskInfo};
use crate::{error::AppError, telemetry::log, worker::slots::Permit};

/// The lost threads of one worker.
pub(crate) struct LostThreads {
    task_queue: String,
    /// How many may be lost before the worker stops polling.
    limit: usize,
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
    pub(crate) fn new(task_queue: String, limit: usize) -> Self {
        Self {
            task_queue,
            limit,
            runs: Mutex::default(),
            count: watch::Sender::default(),
        }
    }

    /// Counts the thread that the task blocks.
    pub(crate) fn add(&self, task: &TaskInfo, error: String, slot: Permit) {
        let lost = Lost {
            error,
            slot: Some(slot),
        };
        let mut runs = self.runs();
        runs.insert(task.run_id.clone(), lost);
        self.count.send_replace(runs.len());
        let (lost, limit) = (runs.len(), self.limit);
        drop(runs);
        if lost == limit + 1 {
            log::error!(
                task_queue = self.task_queue,
                lost_threads = lost,
                max_lost_threads = limit,
                "workflow code blocks more threads than `.max_lost_threads(..)` allows: this worker stops \
                 polling for workflow tasks until one of them returns; fix the workflows whose tasks fail as \
                 blocked, and restart the process"
            );
        }
    }

    /// The run has released its thread after all.
    pub(crate) fn returned(&self, task: &TaskInfo) {
        let mut runs = self.runs();
        runs.remove(&task.run_id);
        self.count.send_replace(runs.len());
        let (lost, limit) = (runs.len(), self.limit);
        drop(runs);
        log::on_task!(
            log::warning,
            self,
            task,
            "the run that blocked its thread has released it; the run will be replayed"
        );
        if lost == limit {
            log::warning!(
                task_queue = self.task_queue,
                "polling for workflow tasks again"
            );
        }
    }

    /// Fails a task of a run whose earlier task still blocks a thread: its code would block one more.
    pub(crate) fn failure_of(&self, task: &TaskInfo) -> Option<FailureReport> {
        let runs = self.runs();
        let error = &runs.get(&task.run_id)?.error;
        let text = format!("{error}. It still blocks that thread of this worker");
        Some(FailureReport::of(
            &AppError::new("WorkflowBlocked", text).into(),
        ))
    }

    pub(crate) fn is_within_limit(&self) -> bool {
        *self.count.borrow() <= self.limit
    }

    /// Resolves while no more threads are lost than the limit allows.
    pub(crate) async fn within_limit(&self) {
        let limit = self.limit;
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
