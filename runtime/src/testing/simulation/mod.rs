//! The workflow tasks of a worker without threads, clock and network, for the deterministic simulation of
//! durably-tests (`tests/src/sim`). For no other use.

mod local;

use std::{collections::BTreeMap, fmt, mem, sync::Arc, time::Duration};

use durably_engine::{Completion, EventId, Task, TaskCompletion};

use self::local::Calls;
pub use self::local::{LocalCall, LocalEnd};
use crate::{
    definition::Workflow,
    driver::{
        Driver, Progress,
        instance::{WorkerInfo, WorkflowEntry},
        local::LocalActivities,
    },
    instance::{core::WorkerFacts, waker::ExecutorWaker},
    wire::{
        messages::{
            PollWorkflowTaskQueueResponse, RespondQueryTaskCompletedRequest,
            RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest,
        },
        poll::TaskQueue,
        request::{Request, Sender},
        respond::{AnswerQuery, CompleteWorkflowTask},
        workflow_task::PolledTask,
    },
    worker::FailureReport,
};

/// The workflows of one worker, and the runs that it has cached.
pub struct Workflows {
    entries: BTreeMap<&'static str, WorkflowEntry>,
    facts: Arc<WorkerFacts>,
    cached: BTreeMap<String, Driver>,
    calls: Arc<Calls>,
    worker: Names,
}

/// A task that waits for local activities. Dropped, it cancels them, and times out.
pub struct Suspended {
    driver: Driver,
    run_id: String,
    token: Vec<u8>,
    caches: bool,
    calls: Vec<LocalCall>,
}

/// The names of the worker.
#[derive(Clone, Debug)]
pub struct Names {
    /// In histories.
    pub identity: String,
    /// The queue that all workers poll.
    pub queue: String,
    /// The queue of the worker's cached runs.
    pub sticky_queue: String,
}

/// What a worker answers to a task.
#[derive(Debug)]
pub enum Answer {
    /// The task is done.
    Completed(Box<RespondWorkflowTaskCompletedRequest>),
    /// The task was a query.
    Query(Box<RespondQueryTaskCompletedRequest>),
    /// The task failed; the text says why.
    Failed(Box<RespondWorkflowTaskFailedRequest>, String),
    /// The task waits for local activities.
    Suspended(Box<Suspended>),
    /// The task has to come again with all of its history.
    NotCached,
    /// The run has handled a later task.
    Overtaken,
}

impl Workflows {
    /// No workflows.
    pub fn new(worker: Names) -> Self {
        Self {
            entries: BTreeMap::new(),
            facts: Arc::new(WorkerFacts {
                namespace: NAMESPACE.to_owned(),
                converter: Default::default(),
                measures: Default::default(),
                outbound: Default::default(),
                version: None,
            }),
            cached: BTreeMap::new(),
            calls: Arc::default(),
            worker,
        }
    }

    /// Adds a workflow type.
    #[must_use]
    pub fn workflow<W: Workflow>(mut self) -> Self {
        let entry = WorkflowEntry::of::<W>();
        self.entries.insert(entry.name, entry);
        self
    }

    /// Number of cached runs.
    pub fn cached(&self) -> usize {
        self.cached.len()
    }

    /// Drops a run from the cache.
    pub fn evict(&mut self, run_id: &str) {
        self.cached.remove(run_id);
    }

    /// The server dropped the last task of a run from history: the run resumes after this event.
    pub fn reset_to(&mut self, run_id: &str, event: i64) {
        if let Some(driver) = self.cached.get_mut(run_id) {
            driver.reset_to(EventId(event));
        }
    }

    /// Works on a task that was polled, or that has come with the answer to another one. With `caches` the
    /// run stays in the cache, and its next task comes to the sticky queue.
    pub fn handle(&mut self, polled: PollWorkflowTaskQueueResponse, caches: bool) -> Answer {
        let token = polled.task_token.clone();
        let is_query = polled.query.is_some();
        let worked = match PolledTask::new(polled).map(PolledTask::decode) {
            None => return Answer::Overtaken,
            Some(Ok(task)) => self.work(task, token.clone(), caches),
            Some(Err(error)) => Err(FailureReport::of(&error.into())),
        };
        worked.unwrap_or_else(|report| self.failed(report, token, is_query))
    }

    fn work(&mut self, task: Task, token: Vec<u8>, caches: bool) -> Result<Answer, FailureReport> {
        let run_id = task.run_id.clone();
        let mut cached = self.cached.remove(&run_id);
        if let Some(driver) = cached.take_if(|driver| driver.declines(&task)) {
            self.cached.insert(run_id, driver);
            return Ok(Answer::Overtaken);
        }
        let mut driver = match cached.filter(|driver| driver.continues(&task)) {
            Some(driver) => driver,
            None if task.history.first().is_none_or(|it| it.id != EventId(1)) => {
                return Ok(Answer::NotCached);
            }
            None => Driver::new(&self.entries[&*task.workflow_type], self.info()),
        };
        driver.begin(task)?;
        self.advance(Suspended {
            driver,
            run_id,
            token,
            caches,
            calls: Vec::new(),
        })
    }

    /// Resumes a task of which a local activity has ended.
    pub fn resume(&mut self, suspended: Suspended) -> Answer {
        let token = suspended.token.clone();
        let worked = self.advance(suspended);
        worked.unwrap_or_else(|report| self.failed(report, token, false))
    }

    /// The request that keeps a suspended task from timing out. Its response goes to
    /// [`prolonged`](Self::prolonged).
    ///
    /// # Panics
    /// If the task only asks a query, or the engine cannot complete it.
    pub fn heartbeat(&self, suspended: &mut Suspended) -> RespondWorkflowTaskCompletedRequest {
        match suspended.driver.complete() {
            Ok(Completion::Task(completion)) => {
                let token = suspended.token.clone();
                let request = self.completed(completion, token, suspended.caches);
                request.prolonging().into_message(self.sender())
            }
            other => panic!("a task that waits for local activities is completed: {other:?}"),
        }
    }

    /// Resumes a suspended task with the one that the server has returned for its heartbeat. Without one the
    /// run is replayed for its next task.
    pub fn prolonged(
        &mut self,
        suspended: Suspended,
        next: Option<PollWorkflowTaskQueueResponse>,
    ) -> Answer {
        let Some(next) = next else {
            return Answer::Overtaken;
        };
        let token = next.task_token.clone();
        let has_more = !next.next_page_token.is_empty();
        let task = match PolledTask::new(next).map(PolledTask::decode) {
            Some(Ok(task)) if !has_more && suspended.driver.continues(&task) => task,
            _ => return Answer::NotCached,
        };
        let worked = self.prolong(suspended, task, token.clone());
        worked.unwrap_or_else(|report| self.failed(report, token, false))
    }

    fn prolong(
        &mut self,
        mut suspended: Suspended,
        task: Task,
        token: Vec<u8>,
    ) -> Result<Answer, FailureReport> {
        suspended.driver.begin(task)?;
        suspended.token = token;
        self.advance(suspended)
    }

    /// Works on a task until it is done, or waits for local activities.
    fn advance(&mut self, mut task: Suspended) -> Result<Answer, FailureReport> {
        let progress = task.driver.advance::<FailureReport>(|| true)?;
        task.calls = self.calls.take();
        let completion = match progress {
            Progress::Done(completion) => completion,
            Progress::WaitsForLocal => return Ok(Answer::Suspended(Box::new(task))),
            Progress::TurnOver => panic!("a replay of a simulation takes one turn"),
        };
        let Suspended {
            driver,
            run_id,
            token,
            caches,
            ..
        } = task;
        Ok(match completion {
            Completion::Query(answer) => {
                if driver.tasks() > 1 {
                    self.cached.insert(run_id, driver);
                }
                let answer = AnswerQuery::new(answer, token);
                Answer::Query(Box::new(answer.into_message(self.sender())))
            }
            Completion::Task(completion) => {
                let keeps = caches && !completion.ends_run;
                let request = self.completed(completion, token, keeps);
                if keeps {
                    self.cached.insert(run_id, driver);
                }
                Answer::Completed(Box::new(request.into_message(self.sender())))
            }
        })
    }

    fn completed(
        &self,
        completion: TaskCompletion,
        token: Vec<u8>,
        keeps: bool,
    ) -> CompleteWorkflowTask {
        let key = self.worker.identity.clone();
        let request = CompleteWorkflowTask::new(completion, token, key).returning_next_task();
        if !keeps {
            return request;
        }
        let queue = TaskQueue::Sticky {
            name: self.worker.sticky_queue.clone(),
            normal: self.worker.queue.clone(),
        };
        request.sticky_to(queue, STICKY_TIMEOUT)
    }

    fn failed(&self, report: FailureReport, token: Vec<u8>, is_query: bool) -> Answer {
        let sender = self.sender();
        if is_query {
            let answer = report.into_query_answer(token);
            return Answer::Query(Box::new(answer.into_message(sender)));
        }
        let text = report.text();
        let request = report.into_request(token).into_message(sender);
        Answer::Failed(Box::new(request), text)
    }

    fn sender(&self) -> Sender<'_> {
        Sender {
            namespace: NAMESPACE,
            identity: &self.worker.identity,
        }
    }

    fn info(&self) -> WorkerInfo {
        WorkerInfo {
            facts: Arc::clone(&self.facts),
            local: Arc::clone(&self.calls) as Arc<dyn LocalActivities>,
            executor: ExecutorWaker::default(),
            interceptors: Default::default(),
        }
    }
}

impl Suspended {
    /// The activities that were called since the last time, to be run.
    pub fn take_calls(&mut self) -> Vec<LocalCall> {
        mem::take(&mut self.calls)
    }

    /// Whether a local activity has ended, and the run has not taken its result.
    pub fn has_results(&self) -> bool {
        self.driver.has_local_results()
    }
}

impl fmt::Debug for Suspended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suspended")
            .field("run_id", &self.run_id)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Workflows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflows")
            .field("worker", &self.worker)
            .field("cached", &self.cached.keys())
            .finish_non_exhaustive()
    }
}

const NAMESPACE: &str = "default";
/// How long a task waits for this worker before any worker may take it.
const STICKY_TIMEOUT: Duration = Duration::from_secs(5);
