//! The workflow tasks of a worker without threads, clock and network, for the deterministic simulation of
//! durably-tests (`tests/src/sim`). For no other use.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use durably_engine::{Completion, EventId, Task};

use crate::{
    definition::Workflow,
    driver::{
        Driver, Progress,
        instance::{WorkerInfo, WorkflowEntry},
        local::NoLocalActivities,
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
    worker: Names,
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
            }),
            cached: BTreeMap::new(),
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
        let progress = driver.advance::<FailureReport>(|| true)?;
        let Progress::Done(completion) = progress else {
            panic!("the workflows of a simulation wait for nothing outside of history");
        };
        let sender = Sender {
            namespace: NAMESPACE,
            identity: &self.worker.identity,
        };
        Ok(match completion {
            Completion::Query(answer) => {
                if driver.tasks() > 1 {
                    self.cached.insert(run_id, driver);
                }
                let answer = AnswerQuery::new(answer, token);
                Answer::Query(Box::new(answer.into_message(sender)))
            }
            Completion::Task(completion) => {
                let keeps = caches && !completion.ends_run;
                let key = self.worker.identity.clone();
                let mut request = CompleteWorkflowTask::new(completion, token, key);
                request = request.returning_next_task();
                if keeps {
                    let queue = TaskQueue::Sticky {
                        name: self.worker.sticky_queue.clone(),
                        normal: self.worker.queue.clone(),
                    };
                    request = request.sticky_to(queue, STICKY_TIMEOUT);
                    self.cached.insert(run_id, driver);
                }
                Answer::Completed(Box::new(request.into_message(sender)))
            }
        })
    }

    fn failed(&self, report: FailureReport, token: Vec<u8>, is_query: bool) -> Answer {
        let sender = Sender {
            namespace: NAMESPACE,
            identity: &self.worker.identity,
        };
        if is_query {
            let answer = report.into_query_answer(token);
            return Answer::Query(Box::new(answer.into_message(sender)));
        }
        let text = report.text();
        let request = report.into_request(token).into_message(sender);
        Answer::Failed(Box::new(request), text)
    }

    fn info(&self) -> WorkerInfo {
        WorkerInfo {
            facts: Arc::clone(&self.facts),
            local: Arc::new(NoLocalActivities),
            executor: ExecutorWaker::default(),
        }
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
