//! Tasks put aside: their thread serves its other runs until what they wait for has come.
//!
//! ```text
//!  work ──> Turn or Local ────────────────> work ──> ... ──> response
//!              │  ^         what it waits for has come
//!   80 % of    │  │
//!   its time   v  │ the task that the server returns
//!            heartbeat ── the server returns none ──> dropped; the run is replayed for its next task
//! ```
//!
//! A task put aside keeps its permit, and its run is not in the cache, so that it cannot be evicted. Later
//! tasks of the run queue behind it. A thread that is given up drops its tasks, and the server hands them
//! out again after their timeout.
//!
//! Callers of queries need not wait for a task's local activities: a query that came with the task, or that queues
//! behind it, brings the heartbeat forward. What the query reads is then recorded, as other SDKs demand of a
//! query: they answer it at the end of the task in hand, and force a new one. A server sends a query with a
//! task of its own when the run has no task open; it queues here if an event has opened one by the time it
//! arrives.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use durably_engine::{Completion, Run, Task};
use tokio::task::AbortHandle;

use super::{
    messages::{Output, QueuedTask, RunVersion, Wake, Work},
    shard::{Shard, Worked, discard, read},
    watched::ParkedPermit,
};
use crate::{
    driver::Driver,
    wire::{respond::AnswerQuery, workflow_task::PolledTask},
    worker::{slots::Permit, workflow_task::task_info::TaskInfo},
};

/// The tasks of one worker that are put aside on one thread. There are no more than permits.
#[derive(Default)]
pub(super) struct SuspendedTasks {
    /// By run id.
    tasks: HashMap<String, Suspended>,
    /// Runs whose replay waits for its next turn, in this order.
    turns: VecDeque<String>,
}

struct Suspended {
    info: Arc<TaskInfo>,
    /// None while the thread works on the task.
    held: Option<(ParkedPermit, Waits)>,
    /// A heartbeat is in flight, so the task must not be answered: its token is about to be void.
    heartbeat: bool,
    /// Runs until the heartbeat is due; none if there is to be none.
    timer: Option<HeartbeatTimer>,
    /// Later tasks of the run.
    behind: VecDeque<(Work, ParkedPermit)>,
}

/// Aborted when it is dropped: a task that ends in time leaves no timer.
struct HeartbeatTimer(AbortHandle);

impl Drop for HeartbeatTimer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a task waits for.
pub(super) enum Waits {
    /// The next turn of a long replay.
    Turn(Box<Driver>),
    /// The end of local activities. User code has seen all of the task.
    Local(Box<Driver>),
}

impl Suspended {
    /// Whether a query waits for the task, whose state it can read as soon as that is recorded. The state of a
    /// replay in progress is not the run's yet.
    fn is_queried(&self) -> bool {
        match &self.held {
            Some((_, Waits::Local(driver))) => {
                driver.has_answers() || self.behind.iter().any(|(work, _)| work.is_query_only())
            }
            Some((_, Waits::Turn(_))) | None => false,
        }
    }
}

impl Waits {
    fn driver(&self) -> &Driver {
        match self {
            Self::Turn(driver) | Self::Local(driver) => driver,
        }
    }

    fn into_driver(self) -> Box<Driver> {
        match self {
            Self::Turn(driver) | Self::Local(driver) => driver,
        }
    }
}

impl SuspendedTasks {
    pub(super) fn is_any(&self) -> bool {
        !self.tasks.is_empty()
    }

    fn has_turns(&self) -> bool {
        !self.turns.is_empty()
    }

    /// The run, if a task of it is put aside.
    pub(super) fn driver(&self, run_id: &str) -> Option<&Driver> {
        let (_, waits) = self.tasks.get(run_id)?.held.as_ref()?;
        Some(waits.driver())
    }

    /// Takes out the next query that has queued behind the task of a run.
    fn take_query(&mut self, run_id: &str) -> Option<(Work, ParkedPermit)> {
        let behind = &mut self.tasks.get_mut(run_id)?.behind;
        let at = behind.iter().position(|(work, _)| work.is_query_only())?;
        behind.remove(at)
    }

    /// Takes out all that is put aside.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (String, Box<Driver>)> {
        self.turns.clear();
        let tasks = self.tasks.drain();
        tasks.filter_map(|(run_id, it)| Some((run_id, it.held?.1.into_driver())))
    }

    /// Takes out what a task waited for, to work on the task, if `condition` holds; nothing if the thread
    /// is given up.
    fn take(
        &mut self,
        run_id: &str,
        condition: impl FnOnce(&Suspended, &Waits) -> bool,
    ) -> Option<(Arc<TaskInfo>, Permit, Waits)> {
        let suspended = self.tasks.get_mut(run_id)?;
        let (parked, waits) = suspended.held.as_ref()?;
        if !condition(suspended, waits) {
            return None;
        }
        let permit = parked.take()?;
        let (_, waits) = suspended.held.take()?;
        Some((Arc::clone(&suspended.info), permit, waits))
    }
}

impl Shard {
    pub(super) fn has_turns(&self) -> bool {
        self.suspended.has_turns()
    }

    /// Queues a task if an earlier one of its run is put aside; returns it otherwise.
    pub(super) fn queue_behind(&mut self, task: QueuedTask) -> Option<QueuedTask> {
        if !self.suspended.is_any() {
            return Some(task);
        }
        let Some(suspended) = self.suspended.tasks.get_mut(task.work.run_id()) else {
            return Some(task);
        };
        let QueuedTask { work, permit } = task;
        suspended
            .behind
            .push_back((work, self.watched.park(permit)));
        if suspended.is_queried() {
            let info = Arc::clone(&suspended.info);
            self.heartbeat(&info);
        }
        None
    }

    /// Puts a task aside.
    pub(super) fn suspend(&mut self, info: Arc<TaskInfo>, permit: Permit, waits: Waits) {
        match &waits {
            Waits::Turn(_) => self.suspended.turns.push_back(info.run_id.clone()),
            // Its wake may have come while a heartbeat was in flight.
            Waits::Local(driver) if driver.has_local_results() => {
                let woken = Wake::RunWoken(info.run_id.as_str().into());
                self.executors.wake(&info.run_id, woken);
            }
            Waits::Local(_) => {}
        }
        let (timer, behind) = match self.suspended.tasks.remove(&info.run_id) {
            Some(it) if Arc::ptr_eq(&it.info, &info) => (it.timer, it.behind),
            Some(it) => (None, it.behind),
            None => (None, VecDeque::new()),
        };
        let mut suspended = Suspended {
            info: Arc::clone(&info),
            held: Some((self.watched.park(permit), waits)),
            heartbeat: false,
            timer,
            behind,
        };
        let heartbeat_now = suspended.is_queried() || self.executors.hands_back();
        if suspended.timer.is_none() && !heartbeat_now && !info.query_only {
            suspended.timer = Some(self.time_heartbeat(Arc::clone(&info)));
        }
        self.suspended.tasks.insert(info.run_id.clone(), suspended);
        if heartbeat_now {
            self.heartbeat(&info);
        }
    }

    fn time_heartbeat(&self, info: Arc<TaskInfo>) -> HeartbeatTimer {
        let timers = &self.executors.completions.server.timers;
        let due = timers.sleep_until(info.heartbeat_due());
        let executors = Arc::downgrade(&self.executors);
        let timer = timers.spawn(async move {
            due.await;
            if let Some(executors) = executors.upgrade() {
                let run_id = info.run_id.clone();
                executors.wake(&run_id, Wake::HeartbeatDue(info));
            }
        });
        HeartbeatTimer(timer.abort_handle())
    }

    /// Starts the later tasks of a run after one that was put aside has ended.
    pub(super) fn end_suspension(&mut self, run_id: &str) {
        if self.suspended.tasks.is_empty() {
            return;
        }
        let Some(ended) = self.suspended.tasks.remove(run_id) else {
            return;
        };
        for (work, permit) in ended.behind {
            // None is left on a thread that is given up: the server hands the tasks out again.
            let Some(permit) = permit.take() else {
                return;
            };
            self.task(QueuedTask { work, permit });
        }
    }

    /// Works on the replay whose turn it is.
    pub(super) fn turn(&mut self) {
        let Some(run_id) = self.suspended.turns.pop_front() else {
            return;
        };
        let is_turn =
            |it: &Suspended, waits: &Waits| !it.heartbeat && matches!(waits, Waits::Turn(_));
        if let Some((info, permit, Waits::Turn(driver))) = self.suspended.take(&run_id, is_turn) {
            self.work(info, permit, |this, info| this.advance(info, driver));
        }
    }

    /// Resumes the task of a run if a local activity of it has ended.
    pub(super) fn resume_local(&mut self, run_id: &str) {
        // While a heartbeat is in flight the task that the server returns resumes the run.
        let is_ready = |it: &Suspended, waits: &Waits| match waits {
            Waits::Local(driver) => !it.heartbeat && driver.has_local_results(),
            Waits::Turn(_) => false,
        };
        if let Some((info, permit, Waits::Local(driver))) = self.suspended.take(run_id, is_ready) {
            self.work(info, permit, |this, info| this.advance(info, driver));
        }
    }

    /// Prolongs a task that is still put aside.
    pub(super) fn heartbeat(&mut self, info: &Arc<TaskInfo>) {
        let Some(suspended) = self.suspended.tasks.get_mut(&info.run_id) else {
            return;
        };
        if suspended.heartbeat || info.query_only || !Arc::ptr_eq(&suspended.info, info) {
            return;
        }
        let Some((_, waits)) = &mut suspended.held else {
            return;
        };
        let keeps_run = self.executors.max_cached > 0;
        let completions = &self.executors.completions;
        let (completion, task) = match waits {
            Waits::Turn(driver) => (Run::heartbeat(), driver.task()),
            Waits::Local(driver) => match driver.complete() {
                Ok(Completion::Task(completion)) => (completion, driver.task()),
                // A task that only asks a query waits for no local activity.
                Ok(Completion::Query(_)) => return,
                Err(error) => {
                    let info = Arc::clone(info);
                    if let Some((_, waits)) = suspended.held.take() {
                        discard(&self.executors, &info.run_id, waits.into_driver());
                    }
                    self.output(Output::Failed(Arc::clone(&info), error.into()));
                    self.end_suspension(&info.run_id);
                    return;
                }
            },
        };
        suspended.heartbeat = true;
        let info = Arc::clone(info);
        let version = RunVersion { info, task };
        let mut completed = completions.build(completion, version, keeps_run, None);
        completed.request = completed.request.prolonging();
        self.output(Output::Heartbeat(completed.into()));
    }

    /// Prolongs all tasks that are put aside, when the worker ends: the server hands each to another worker.
    pub(super) fn hand_back(&mut self) {
        let tasks: Vec<_> = self
            .suspended
            .tasks
            .values()
            .map(|it| Arc::clone(&it.info))
            .collect();
        tasks.iter().for_each(|info| self.heartbeat(info));
    }

    /// Replaces a task that is put aside by the one that the server returned for its heartbeat.
    pub(super) fn heartbeat_answered(&mut self, before: &Arc<TaskInfo>, task: Option<PolledTask>) {
        let run_id = &before.run_id;
        let in_flight = |it: &Suspended, _: &Waits| it.heartbeat && Arc::ptr_eq(&it.info, before);
        let Some((_, permit, waits)) = self.suspended.take(run_id, in_flight) else {
            return;
        };
        let Some(mut raw) = task else {
            // The run is replayed for another task, on whichever worker gets it.
            discard(&self.executors, run_id, waits.into_driver());
            self.end_suspension(run_id);
            return;
        };
        let waits = match waits {
            Waits::Local(driver) => self.answer_queries(run_id, driver).map(Waits::Local),
            Waits::Turn(driver) => Some(Waits::Turn(driver)),
        };
        if self.watched.is_given_up() {
            // A query has blocked it. The server hands the tasks out again.
            if let Some(waits) = waits {
                discard(&self.executors, run_id, waits.into_driver());
            }
            return;
        }
        let Some(waits) = waits else {
            // As if it had been polled.
            self.output(Output::Task(raw, permit));
            self.end_suspension(run_id);
            return;
        };
        let copy = raw.clone();
        let info = Arc::new(TaskInfo::take(&mut raw));
        let complete = !raw.has_more_pages();
        let task = complete.then(|| raw.decode().ok()).flatten();
        let rest = match task {
            Some(task) => self.go_on_with(info, task, permit, waits),
            None => Err((permit, waits)),
        };
        if let Err((permit, waits)) = rest {
            // As if it had been polled.
            discard(&self.executors, run_id, waits.into_driver());
            self.output(Output::Task(copy, permit));
            self.end_suspension(run_id);
        }
    }

    /// Answers the queries that have queued behind a task whose heartbeat is recorded; returns the run if it can
    /// go on.
    fn answer_queries(&mut self, run_id: &str, driver: Box<Driver>) -> Option<Box<Driver>> {
        let mut run = Some(driver);
        while run.is_some()
            && let Some((work, permit)) = self.suspended.take_query(run_id)
            // None is left on a thread that is given up.
            && let Some(permit) = permit.take()
        {
            let (info, content) = work.open();
            let answered = self.measured(&info, permit, |this, info| {
                let activates = || this.watched.begin_activation();
                read(info, content, |task| {
                    answer_query(info, *task, &mut run, activates)
                })
            });
            if let Some((worked, permit)) = answered {
                self.respond(worked, info, permit);
            }
        }
        run
    }

    /// Gives what is put aside the task that it goes on with; gives it back if it cannot.
    fn go_on_with(
        &mut self,
        info: Arc<TaskInfo>,
        task: Task,
        permit: Permit,
        waits: Waits,
    ) -> Result<(), (Permit, Waits)> {
        match waits {
            Waits::Turn(mut driver) => {
                let prolonged = driver.prolong(task);
                let waits = Waits::Turn(driver);
                match prolonged {
                    Ok(()) => self.suspend(info, permit, waits),
                    Err(_) => return Err((permit, waits)),
                }
            }
            Waits::Local(driver) if !driver.continues(&task) => {
                return Err((permit, Waits::Local(driver)));
            }
            Waits::Local(mut driver) => {
                self.work(info, permit, |this, info| match driver.begin(task) {
                    Ok(()) => this.advance(info, driver),
                    Err(error) => Worked::Failed(error.into()),
                });
            }
        }
        Ok(())
    }
}

/// Answers a query from the run, which is taken out if it is of no use any more, after a panic too.
fn answer_query(
    info: &TaskInfo,
    task: Task,
    run: &mut Option<Box<Driver>>,
    activates: impl FnMut(),
) -> Worked {
    let Some(mut driver) = run.take_if(|driver| driver.continues(&task)) else {
        return Worked::NotCached(task.into());
    };
    match driver.query(task, activates) {
        Ok(answer) => {
            *run = Some(driver);
            Worked::Answered(AnswerQuery::new(answer, info.token.clone()))
        }
        Err(failure) => Worked::Failed(failure),
    }
}
