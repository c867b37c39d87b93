//! Executor threads: each owns a share of the cached runs, and does all their work.
//!
//! Decode, replay, user code, commands, encode: one straight line on one thread, without a lock or
//! an async runtime around the user's future.
//!
//! ```text
//! Shared::wake ──> Pool: lane of the run ──> its thread ──> Executor of the worker ──> answer
//!                        '── the watchdog gives a lane whose thread is blocked another thread
//! ```

mod completion;
mod pool;
mod replay;
mod thread;

use std::sync::Arc;

use durably_engine::{EventId, Task};
use durably_proto::api::workflowservice::v1::{
    PollWorkflowTaskQueueResponse, RespondQueryTaskCompletedRequest,
};

use self::replay::Replays;
pub(crate) use self::{pool::Pool, thread::Message};
use super::{
    answer::{self, Completed, Failure, Mark},
    cache::Cache,
    intake,
    ticket::Ticket,
    watchdog::Watched,
};
use crate::{
    driver::{Driver, instance::Host},
    error::AppError,
    instance::{panics, waker::Alarm},
    telemetry::log,
    wire,
    worker::{error::WorkerError, shared::Shared, slots::Permit},
};

/// All that can wake an executor thread.
pub(crate) enum Wake {
    /// A task for one of its runs.
    Task(Box<Delivery>),
    /// The answer to a heartbeat of a long replay.
    Prolonged(Arc<Ticket>, Option<Box<PollWorkflowTaskQueueResponse>>),
    /// The server did not take the answer to a task, so the run is not what history says.
    Forget(Mark),
    /// The server dropped a task from history: the run resumes after an earlier one.
    Reset(Mark, EventId),
    /// Something outside of one of its runs woke that run.
    Foreign,
    /// The worker ends.
    Stop,
}

/// A workflow task, and the permit to work on it.
pub(crate) struct Delivery {
    pub(crate) work: Work,
    pub(crate) permit: Permit,
}

/// A workflow task as it came, or as it comes back with all of history.
pub(crate) enum Work {
    Raw(Box<PollWorkflowTaskQueueResponse>),
    Decoded(Arc<Ticket>, Box<Task>),
}

/// Gives the worker its threads.
pub(crate) fn start(shared: &Shared) -> Result<(), WorkerError> {
    let pool = match shared.options.executor_threads {
        Some(threads) => Pool::new(threads),
        None => Pool::of_process(),
    };
    let pool = pool.map_err(WorkerError::Thread)?;
    let first_start = shared.pool.set(pool).is_ok();
    assert!(first_start, "a worker starts its threads once");
    Ok(())
}

/// Makes the threads drop the runs of the worker. One that is blocked by a run does so when, and if,
/// the run releases it.
pub(crate) fn stop(shared: &Arc<Shared>) {
    let Some(pool) = shared.pool.get() else {
        return;
    };
    for lane in 0..pool.size() {
        pool.send(lane, Message::new(shared, Wake::Stop));
    }
}

/// The runs of one worker on one thread.
struct Executor {
    shared: Arc<Shared>,
    watched: Arc<Watched>,
    cache: Cache<Box<Driver>>,
    /// Runs whose replay takes more than one turn.
    replays: Replays,
    host: Host,
}

/// Result of a task.
enum Handled {
    Completed(Box<Completed>),
    Answered(Box<RespondQueryTaskCompletedRequest>),
    Failed(Failure),
    /// All of history is needed.
    NotCached(Box<Task>),
    /// The replay has used up its turn.
    Unfinished(Box<Driver>),
    /// The server has given the task up, and its run has handled a later one.
    Overtaken,
}

impl Executor {
    fn new(shared: Arc<Shared>, watched: Arc<Watched>, lane: usize) -> Self {
        let lanes = shared.pool.get().map_or(1, |pool| pool.size());
        Self {
            cache: Cache::new(shared.options.max_cached_workflows.div_ceil(lanes)),
            host: Host {
                namespace: shared.namespace.as_str().into(),
                alarm: alarm(&shared, lane),
            },
            replays: Replays::default(),
            watched,
            shared,
        }
    }

    fn wake(&mut self, wake: Wake) {
        match wake {
            Wake::Task(delivery) => self.task(*delivery),
            Wake::Prolonged(before, task) => self.prolonged(&before, task),
            Wake::Forget(mark) => self.forget(&mark),
            Wake::Reset(mark, started) => self.reset(&mark, started),
            Wake::Foreign => self
                .cache
                .values()
                .for_each(|run| run.tell_of_foreign_wake()),
            // The thread drops the executor.
            Wake::Stop => {}
        }
    }

    fn evict(&mut self, run_id: &str) {
        if let Some(driver) = self.cache.take(run_id) {
            discard(&self.shared, run_id, driver);
        }
    }

    fn task(&mut self, delivery: Delivery) {
        let Some(Delivery { work, permit }) = self.replays.queue_behind(delivery) else {
            return;
        };
        let (ticket, decoded) = match work {
            Work::Raw(mut task) => {
                let ticket = Arc::new(Ticket::take(&mut task));
                (ticket, Err(task))
            }
            Work::Decoded(ticket, task) => (ticket, Ok(task)),
        };
        if let Some(failure) = self.shared.lost_threads.failure_of(&ticket) {
            // Its code would cost one more thread.
            self.send(Handled::Failed(failure), ticket, permit);
            return;
        }
        self.work(ticket, permit, |this, ticket| match decoded {
            Ok(task) => match this.handle(ticket, task) {
                Handled::NotCached(_) => Handled::Failed(no_history(ticket)),
                handled => handled,
            },
            Err(raw) => match wire::task::from_proto(*raw) {
                Ok(task) => this.handle(ticket, Box::new(task)),
                Err(error) => Handled::Failed(Failure::of(&error.into())),
            },
        });
    }

    /// Works on a task under the watchdog's eyes, and sends the result.
    fn work(
        &mut self,
        ticket: Arc<Ticket>,
        permit: Permit,
        work: impl FnOnce(&mut Self, &Arc<Ticket>) -> Handled,
    ) {
        self.watched.begin(self.shared.key(), &ticket, permit);
        // Panics of workflow code are caught where it runs. This is for those of its destructors,
        // and for our own: they must not take the other runs of the thread with them.
        let handled = panics::catch(|| work(self, &ticket))
            .unwrap_or_else(|panic| Handled::Failed(Failure::of(&panic.into())));
        let Some(permit) = self.watched.end() else {
            // The task is answered, and the thread replaced; it ends.
            self.shared.lost_threads.returned(&self.shared, &ticket);
            return;
        };
        self.send(handled, ticket, permit);
    }

    fn handle(&mut self, ticket: &Arc<Ticket>, task: Box<Task>) -> Handled {
        let mut cached = self.cache.take(&ticket.run_id);
        if let Some(driver) = cached.take_if(|driver| driver.declines(&task)) {
            self.keep(&ticket.run_id, driver);
            return Handled::Overtaken;
        }
        let mut driver = match cached.filter(|driver| driver.continues(&task)) {
            Some(driver) => driver,
            None if !begins_with_the_run(&task) => return Handled::NotCached(task),
            None => match self.shared.registry.workflow(&ticket.workflow_type) {
                Some(entry) => Box::new(Driver::new(entry, self.host.clone())),
                None => return Handled::Failed(self.unknown_type(ticket)),
            },
        };
        match driver.begin(*task) {
            Ok(()) => self.advance(ticket, driver),
            Err(error) => Handled::Failed(error.into()),
        }
    }

    /// Hands the result of a task to the connection, where the server is answered.
    fn send(&mut self, handled: Handled, ticket: Arc<Ticket>, permit: Permit) {
        let shared = Arc::clone(&self.shared);
        let net = self.shared.net.clone();
        match handled {
            Handled::Completed(completed) => {
                net.spawn(answer::complete(shared, *completed, permit));
            }
            Handled::Answered(query) => {
                net.spawn(async move {
                    answer::query(&shared, &ticket, *query).await;
                    drop(permit);
                });
            }
            Handled::Failed(failure) => {
                drop(permit);
                net.spawn(async move { answer::fail(&shared, &ticket, failure).await });
            }
            Handled::NotCached(task) => {
                net.spawn(intake::take_again(shared, ticket, task, permit));
            }
            Handled::Unfinished(driver) => self.suspend(ticket, permit, driver),
            Handled::Overtaken => log::on_task!(
                tracing::debug,
                shared,
                ticket,
                "a workflow task arrived after a later one of its run, and is left unanswered"
            ),
        }
    }

    /// Keeps a run for its next task; the one that has to go for it is replayed when its task
    /// comes.
    ///
    /// The server is not told of it: this worker still polls the queue that the task goes to, so
    /// telling would cost a call and save none.
    fn keep(&mut self, run_id: &str, driver: Box<Driver>) {
        if let Some((run_id, evicted)) = self.cache.put(run_id, driver) {
            discard(&self.shared, &run_id, evicted);
        }
    }

    fn forget(&mut self, mark: &Mark) {
        if self.is_current(mark) {
            self.evict(&mark.ticket.run_id);
        }
    }

    fn reset(&mut self, mark: &Mark, started: EventId) {
        if self.is_current(mark)
            && let Some(driver) = self.cache.peek_mut(&mark.ticket.run_id)
        {
            driver.reset_to(started);
        }
    }

    fn is_current(&mut self, mark: &Mark) -> bool {
        let driver = self.cache.peek_mut(&mark.ticket.run_id);
        driver.is_some_and(|driver| driver.task() == mark.task)
    }

    fn unknown_type(&self, ticket: &Ticket) -> Failure {
        let error = AppError::new(
            "NotFoundError",
            format!(
                "workflow type `{}` is not registered on this worker (task queue `{}`); registered: {}. \
                 Register it (`.workflow::<..>()`), or start it on the task queue of the workers that have it",
                ticket.workflow_type,
                self.shared.task_queue,
                self.shared.registry.workflow_names()
            ),
        );
        Failure::of(&error.into())
    }
}

/// Makes the thread of a lane look which of the worker's runs something outside of them woke.
/// Foreign code holds it, so it keeps nothing alive.
fn alarm(shared: &Arc<Shared>, lane: usize) -> Alarm {
    let shared = Arc::downgrade(shared);
    Alarm::new(move || {
        if let Some(shared) = shared.upgrade()
            && let Some(pool) = shared.pool.get()
        {
            pool.send(lane, Message::new(&shared, Wake::Foreign));
        }
    })
}

/// Drops a run; user code has destructors, and those may panic.
fn discard(shared: &Shared, run_id: &str, driver: Box<Driver>) {
    if let Err(panic) = panics::catch(|| drop(driver)) {
        log::error!(
            run_id,
            task_queue = shared.task_queue,
            error = %panic,
            "a workflow panicked in a `Drop`"
        );
    }
}

/// Fails a task whose history lacks its beginning although all of it was fetched; fetching it once
/// more would return the same.
fn no_history(ticket: &Ticket) -> Failure {
    let text = format!(
        "the server has no history of run {} from its first event on",
        ticket.run_id
    );
    Failure::of(&AppError::new("HistoryMissing", text).into())
}

fn begins_with_the_run(task: &Task) -> bool {
    task.history
        .first()
        .is_some_and(|event| event.id == EventId(1))
}
