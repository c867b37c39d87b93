//! Executor threads: each owns a share of the cached runs, and does all their work.
//!
//! Decode, replay, user code, commands, encode: one straight line on one thread, without a lock or
//! an async runtime around the user's future.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use durably_engine::{
    Command, Completion, EventId, Intent, ScheduleActivity, Task, TaskCompletion,
};
use durably_proto::api::workflowservice::v1::{
    PollWorkflowTaskQueueResponse, RespondQueryTaskCompletedRequest,
};

use super::{
    answer::{self, Completed, Failure, Mark},
    cache::Cache,
    driver::Driver,
    error::WorkerError,
    intake, missing,
    shared::{Shard, Shared},
    slots::Permit,
    ticket::Ticket,
    watchdog::Watched,
};
use crate::{
    AppError, notice, wire,
    workflow::{instance::Host, panics, waker::Alarm},
};

/// Activities one task may start on this worker without a poll, so that a large fan-out does not
/// keep its work from idle workers.
const EAGER_ACTIVITIES: usize = 3;

/// All that can wake an executor thread.
pub(crate) enum Wake {
    /// A task for one of its runs.
    Task(Box<Delivery>),
    /// The server did not take the answer to a task, so the run is not what history says.
    Forget(Mark),
    /// The server dropped a task from history: the run goes on after an earlier one.
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

/// Starts the threads.
pub(crate) fn start(shared: &Arc<Shared>) -> Result<(), WorkerError> {
    let threads = shared.options.executor_threads;
    let cached = shared.options.max_cached_workflows.div_ceil(threads);
    let shards = (0..threads).map(|number| {
        let (inbox, wakes) = mpsc::channel();
        let watched = Arc::new(Watched::default());
        let (shared, shown) = (Arc::clone(shared), Arc::clone(&watched));
        thread::Builder::new()
            .name(format!("durably-{number}"))
            .spawn(move || {
                let host = Host {
                    namespace: shared.namespace.as_str().into(),
                    alarm: alarm(&shared, number),
                };
                let executor = Executor {
                    shared,
                    watched: shown,
                    cache: Cache::new(cached),
                    intents: Vec::new(),
                    host,
                };
                executor.run(&wakes);
            })?;
        Ok(Shard { inbox, watched })
    });
    let shards = shards
        .collect::<Result<_, _>>()
        .map_err(WorkerError::Thread)?;
    let first_start = shared.shards.set(shards).is_ok();
    assert!(first_start, "a worker starts its threads once");
    Ok(())
}

/// Makes thread `number` look which of its runs something outside of them woke. Those who ring it
/// are strangers, so it keeps nothing alive.
fn alarm(shared: &Arc<Shared>, number: usize) -> Alarm {
    let shared = Arc::downgrade(shared);
    Alarm::new(move || {
        let shared = shared.upgrade();
        if let Some(shard) = shared.as_ref().and_then(|it| it.shards().get(number)) {
            // A thread that has ended dropped its runs.
            let _ = shard.inbox.send(Wake::Foreign);
        }
    })
}

/// Tells the threads to end. One that is blocked by a run ends when, and if, the run lets it go.
pub(crate) fn stop(shared: &Shared) {
    for shard in shared.shards() {
        let _ = shard.inbox.send(Wake::Stop);
    }
}

struct Executor {
    shared: Arc<Shared>,
    watched: Arc<Watched>,
    cache: Cache<Box<Driver>>,
    /// Kept between tasks for its room.
    intents: Vec<Intent>,
    host: Host,
}

/// What came of a task.
enum Handled {
    Completed(Box<Completed>),
    Answered(Box<RespondQueryTaskCompletedRequest>),
    Failed(Failure),
    /// All of history is needed.
    NotCached(Box<Task>),
}

impl Executor {
    fn run(mut self, wakes: &mpsc::Receiver<Wake>) {
        Arc::clone(&self.watched.beacon).install();
        while let Ok(wake) = wakes.recv() {
            match wake {
                Wake::Task(delivery) => self.task(*delivery),
                Wake::Forget(mark) => self.forget(&mark),
                Wake::Reset(mark, started) => self.reset(&mark, started),
                Wake::Foreign => self
                    .cache
                    .values()
                    .for_each(|run| run.tell_of_foreign_wake()),
                Wake::Stop => return,
            }
        }
    }

    fn evict(&mut self, run_id: &str) {
        if let Some(driver) = self.cache.take(run_id) {
            discard(run_id, driver);
        }
    }

    fn task(&mut self, Delivery { work, permit }: Delivery) {
        let (ticket, decoded) = match work {
            Work::Raw(mut task) => {
                let ticket = Arc::new(Ticket::take(&mut task));
                (ticket, Err(task))
            }
            Work::Decoded(ticket, task) => (ticket, Ok(task)),
        };
        self.watched.begin(&ticket);
        // Panics of workflow code are caught where it runs. This is for those of its destructors,
        // and for our own: they must not take the other runs of the thread with them.
        let handled = panics::catch(|| match decoded {
            Ok(task) => match self.handle(&ticket, task) {
                Handled::NotCached(_) => Handled::Failed(no_history(&ticket)),
                handled => handled,
            },
            Err(raw) => match wire::task::from_proto(*raw) {
                Ok(task) => self.handle(&ticket, Box::new(task)),
                Err(error) => Handled::Failed(Failure::of(&error.into())),
            },
        })
        .unwrap_or_else(|panic| Handled::Failed(Failure::of(&panic.into())));
        if self.watched.end() {
            self.evict(&ticket.run_id);
            notice::error!(
                workflow_type = ticket.workflow_type,
                workflow_id = ticket.workflow_id,
                run_id = ticket.run_id,
                "the blocked run let its thread go; it will be replayed"
            );
            return;
        }
        self.send(handled, ticket, permit);
    }

    fn handle(&mut self, ticket: &Arc<Ticket>, task: Box<Task>) -> Handled {
        let cached = self.cache.take(&ticket.run_id);
        let was_cached = cached.is_some();
        let mut driver = match cached.filter(|driver| driver.continues(&task)) {
            Some(driver) => driver,
            None if !begins_with_the_run(&task) => return Handled::NotCached(task),
            None => match self.shared.registry.workflow(&ticket.workflow_type) {
                Some(entry) => Box::new(Driver::new(entry, self.host.clone())),
                None => return Handled::Failed(self.unknown_type(ticket)),
            },
        };
        let completion = match driver.drive(*task, &mut self.intents) {
            Ok(completion) => completion,
            Err(failure) => {
                self.intents.clear();
                return Handled::Failed(failure);
            }
        };
        match completion {
            Completion::Query(answer) => {
                // A query of a run that is not cached is mostly one of a run that has ended.
                if was_cached {
                    self.keep(&ticket.run_id, driver);
                }
                Handled::Answered(wire::command::query_completed(answer).into())
            }
            Completion::Task(completion) => {
                let mark = Mark {
                    ticket: Arc::clone(ticket),
                    tasks: driver.tasks(),
                };
                let keep = !completion.ends_run && self.shared.caches();
                if keep {
                    self.keep(&ticket.run_id, driver);
                }
                Handled::Completed(Box::new(self.completed(completion, mark, keep)))
            }
        }
    }

    /// The answer to a task, encoded.
    fn completed(&self, mut completion: TaskCompletion, mark: Mark, keep: bool) -> Completed {
        let eager = self.claim_activities(&mut completion.commands, &mark.ticket.workflow_type);
        let mut request = wire::command::task_completed(completion);
        request.task_token.clone_from(&mark.ticket.token);
        self.shared.sign_completion(&mut request, keep);
        Completed {
            request,
            mark,
            eager,
        }
    }

    /// Marks the activities that this worker can start as soon as the server has recorded them.
    fn claim_activities(&self, commands: &mut [Command], workflow_type: &str) -> Vec<Permit> {
        let mut permits = Vec::new();
        let shared = &self.shared;
        for command in commands {
            let Command::ScheduleActivity(activity) = command else {
                continue;
            };
            let here = activity
                .task_queue
                .as_ref()
                .is_none_or(|it| *it == shared.task_queue)
                && self.can_run(activity, workflow_type);
            let wanted = here && permits.len() < EAGER_ACTIVITIES && !shared.is_stopping();
            let permit = wanted
                .then(|| shared.activity_slots.try_acquire())
                .flatten();
            activity.eager = permit.is_some();
            permits.extend(permit);
        }
        permits
    }

    /// Whether an activity of this worker's queue can run here; told if not.
    fn can_run(&self, activity: &ScheduleActivity, workflow_type: &str) -> bool {
        let name = &activity.activity_type;
        let registered = self.shared.registry.activity(name).is_some();
        if !registered {
            missing::tell(&self.shared, workflow_type, name);
        }
        registered
    }

    /// Hands what came of a task to the connection, where the server is answered.
    fn send(&self, handled: Handled, ticket: Arc<Ticket>, permit: Permit) {
        let shared = Arc::clone(&self.shared);
        let net = &self.shared.net;
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
        }
    }

    /// Keeps a run for its next task; the one that has to go for it is replayed when its task
    /// comes.
    ///
    /// The server is not told of it: this worker still polls the queue that the task goes to, so
    /// telling would cost a call and save none.
    fn keep(&mut self, run_id: &str, driver: Box<Driver>) {
        if let Some((run_id, evicted)) = self.cache.put(run_id, driver) {
            discard(&run_id, evicted);
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
        driver.is_some_and(|driver| driver.tasks() == mark.tasks)
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

/// Drops a run; user code has destructors, and those may panic.
fn discard(run_id: &str, driver: Box<Driver>) {
    if let Err(panic) = panics::catch(|| drop(driver)) {
        notice::error!(run_id, "a run {panic} while it was dropped");
    }
}

/// Asking for it once more would give the same.
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
