//! The local activities of one run: requested by its engine, ended on any thread.
//!
//! The run's workflow task stays open until all of them have ended: its executor puts the task aside
//! (`worker/workflow_task/executor/suspended.rs`), is woken by a result, and advances the run with it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use durably_engine::{LocalActivityResult, LocalActivityTask, LocalRequest, Run, Seq};

use super::instance::TaskFailure;
use crate::{
    activity::{CancelReason, cancel::CancelSignal},
    instance::waker::ExecutorWaker,
};

/// Runs local activities for the runs of a worker.
pub(crate) trait LocalActivities: Send + Sync {
    /// Starts the activity; `cancel` asks it to stop.
    ///
    /// # Errors
    /// Why the workflow task fails: the activity is not registered.
    fn start(self: Arc<Self>, call: LocalCall, cancel: &CancelSignal) -> Result<(), TaskFailure>;
}

/// A call of a local activity, as its worker runs it.
pub(crate) struct LocalCall {
    pub(crate) workflow_type: String,
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    pub(crate) task: LocalActivityTask,
    pub(crate) results: Arc<Results>,
}

/// The results that the run has not taken.
pub(crate) struct Results {
    ended: Mutex<VecDeque<LocalActivityResult>>,
    executor: ExecutorWaker,
}

impl Results {
    /// Hands a result to the run, and wakes its executor.
    pub(crate) fn send(&self, result: LocalActivityResult) {
        self.ended().push_back(result);
        self.executor.wake();
    }

    fn ended(&self) -> MutexGuard<'_, VecDeque<LocalActivityResult>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The local activities that a run waits for. Boxed inside, because few runs have any.
pub(super) struct Local {
    worker: Arc<dyn LocalActivities>,
    executor: ExecutorWaker,
    calls: Option<Box<Calls>>,
}

struct Calls {
    /// Those that run, and whose result the run waits for.
    running: BTreeMap<Seq, Running>,
    results: Arc<Results>,
}

/// Cancels its activity when it is dropped: without a run nothing takes the result.
struct Running {
    cancel: CancelSignal,
    abandoned: bool,
}

impl Running {
    /// Lets the activity run on.
    fn abandon(mut self) {
        self.abandoned = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.abandoned {
            // Without effect if it was cancelled before, for another reason.
            self.cancel.set(CancelReason::Gone);
        }
    }
}

impl Local {
    pub(super) fn new(worker: Arc<dyn LocalActivities>, executor: ExecutorWaker) -> Self {
        Self {
            worker,
            executor,
            calls: None,
        }
    }

    /// Starts and cancels activities as the engine requests.
    ///
    /// # Errors
    /// Why the workflow task fails.
    pub(super) fn handle(&mut self, run: &mut Run) -> Result<(), TaskFailure> {
        for request in run.take_local_requests() {
            match request {
                LocalRequest::Run(task) => self.start(run, *task)?,
                LocalRequest::Cancel { seq } => self.cancel(run, seq),
                LocalRequest::Abandon { seq } => {
                    if let Some(running) = self.remove(seq) {
                        running.abandon();
                    }
                }
            }
        }
        let is_idle = |calls: &Calls| calls.running.is_empty();
        if run.has_ended() || self.calls.as_deref().is_some_and(is_idle) {
            self.calls = None;
        }
        Ok(())
    }

    fn cancel(&mut self, run: &Run, seq: Seq) {
        let Some(running) = self.calls.as_ref().and_then(|it| it.running.get(&seq)) else {
            return;
        };
        running.cancel.set(CancelReason::Requested);
        if !run.awaits_local(seq) {
            self.remove(seq);
        }
    }

    /// Cancels all activities because the run is dropped.
    pub(super) fn cancel_all(&self, reason: CancelReason) {
        for running in self.calls.iter().flat_map(|it| it.running.values()) {
            running.cancel.set(reason);
        }
    }

    fn remove(&mut self, seq: Seq) -> Option<Running> {
        self.calls.as_mut()?.running.remove(&seq)
    }

    fn start(&mut self, run: &Run, task: LocalActivityTask) -> Result<(), TaskFailure> {
        let calls = self.calls.get_or_insert_with(|| {
            let results = Results {
                ended: Mutex::default(),
                executor: self.executor.clone(),
            };
            Box::new(Calls {
                running: BTreeMap::new(),
                results: Arc::new(results),
            })
        });
        let (seq, cancel) = (task.seq, CancelSignal::default());
        if task.cancelled {
            cancel.set(CancelReason::Requested);
        }
        let call = LocalCall {
            workflow_type: run.workflow_type().to_owned(),
            workflow_id: run.workflow_id().to_owned(),
            run_id: run.run_id().to_owned(),
            task,
            results: Arc::clone(&calls.results),
        };
        Arc::clone(&self.worker).start(call, &cancel)?;
        let abandoned = false;
        calls.running.insert(seq, Running { cancel, abandoned });
        Ok(())
    }

    /// Whether the run waits for none.
    pub(super) fn is_idle(&self) -> bool {
        self.calls.is_none()
    }

    /// Whether there is a result that the run has not taken.
    pub(super) fn has_results(&self) -> bool {
        let calls = self.calls.as_deref();
        calls.is_some_and(|calls| !calls.results.ended().is_empty())
    }

    /// Takes the result that came first.
    pub(super) fn take_result(&mut self) -> Option<LocalActivityResult> {
        let result = self.calls.as_deref()?.results.ended().pop_front()?;
        self.remove(result.seq);
        Some(result)
    }
}

/// For runs without a worker: those of a replay, which take the ends from history.
#[cfg(any(test, feature = "replay"))]
pub(crate) struct NoLocalActivities;

#[cfg(any(test, feature = "replay"))]
impl LocalActivities for NoLocalActivities {
    fn start(self: Arc<Self>, call: LocalCall, _: &CancelSignal) -> Result<(), TaskFailure> {
        let text = format!(
            "local activity `{}` cannot run: this run has no worker",
            call.task.activity_type
        );
        Err(TaskFailure::fault(text))
    }
}
