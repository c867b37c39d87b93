//! Replays that take long: in turns, so that the other runs of the thread are not held up, and with
//! heartbeats, so that the server does not take their tasks for lost.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use durably_engine::Completion;
use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;

use super::{
    messages::{Output, QueuedTask, RunVersion},
    shard::{Shard, Worked, discard},
};
use crate::{
    driver::Driver,
    wire,
    worker::{slots::Permit, workflow_task::task_info::TaskInfo},
};

/// How long one turn of a replay lasts. The slice in progress is finished in any case.
const TURN: Duration = Duration::from_millis(50);

/// The replays in progress on one thread, for one worker.
#[derive(Default)]
pub(crate) struct Replays {
    /// Those that wait for their next turn.
    turns: VecDeque<Replay>,
    /// Those whose heartbeat is on its way; by run id.
    beating: HashMap<String, Replay>,
}

struct Replay {
    info: Arc<TaskInfo>,
    permit: Permit,
    driver: Box<Driver>,
    /// Later tasks of the run.
    behind: VecDeque<QueuedTask>,
}

impl Replays {
    /// Keeps a task back while its run is replayed for an earlier one; returns it otherwise.
    pub(crate) fn queue_behind(&mut self, task: QueuedTask) -> Option<QueuedTask> {
        if self.turns.is_empty() && self.beating.is_empty() {
            return Some(task);
        }
        let run_id = task.work.run_id();
        let in_turns = self.turns.iter_mut().find(|it| it.info.run_id == run_id);
        match in_turns.or_else(|| self.beating.get_mut(run_id)) {
            Some(replay) => {
                replay.behind.push_back(task);
                None
            }
            None => Some(task),
        }
    }
}

impl Shard {
    pub(crate) fn has_turns(&self) -> bool {
        !self.replays.turns.is_empty()
    }

    /// Works on the replay whose turn it is.
    pub(crate) fn turn(&mut self) {
        let Some(Replay {
            info,
            permit,
            driver,
            behind,
        }) = self.replays.turns.pop_front()
        else {
            return;
        };
        let run_id = info.run_id.clone();
        self.work(info, permit, |this, info| this.advance(info, driver));
        if self.watched.is_given_up() {
            // Their permits are free again; the server hands them out once more.
            drop(behind);
            return;
        }
        let unfinished = self.replays.turns.iter_mut();
        let mut unfinished = unfinished.chain(self.replays.beating.values_mut());
        match unfinished.find(|it| it.info.run_id == run_id) {
            Some(replay) => replay.behind = behind,
            None => behind.into_iter().for_each(|next| self.task(next)),
        }
    }

    /// Replays, and runs the slice that is new, until it is done or its turn ends.
    pub(crate) fn advance(&mut self, info: &Arc<TaskInfo>, mut driver: Box<Driver>) -> Worked {
        let turn = Instant::now();
        let watched = &self.watched;
        // What is timed is one activation, as live.
        let goes_on = || {
            watched.begin_activation();
            turn.elapsed() < TURN
        };
        match driver.advance(goes_on) {
            Err(failure) => Worked::Failed(failure),
            Ok(None) => Worked::Unfinished(driver),
            Ok(Some(Completion::Query(answer))) => {
                // A query of a run that was not cached is mostly one of a run that has ended.
                if driver.tasks() > 1 {
                    self.keep(&info.run_id, driver);
                }
                Worked::Answered(wire::command::query_completed(answer).into())
            }
            Ok(Some(Completion::Task(completion))) => {
                let version = RunVersion {
                    info: Arc::clone(info),
                    task: driver.task(),
                };
                let keep = !completion.ends_run && self.executors.max_cached > 0;
                if keep {
                    self.keep(&info.run_id, driver);
                }
                let completions = &self.executors.completions;
                Worked::Completed(Box::new(completions.build(completion, version, keep)))
            }
        }
    }

    /// Keeps a replay for its next turn; first prolongs its task, if that has little time left.
    pub(crate) fn suspend(&mut self, info: Arc<TaskInfo>, permit: Permit, driver: Box<Driver>) {
        let prolong = !info.query_only && info.since.elapsed() >= info.timeout / 2;
        let replay = Replay {
            info: Arc::clone(&info),
            permit,
            driver,
            behind: VecDeque::new(),
        };
        if !prolong {
            self.replays.turns.push_back(replay);
            return;
        }
        self.replays.beating.insert(info.run_id.clone(), replay);
        let caches = self.executors.max_cached > 0;
        let completions = &self.executors.completions;
        let mut request =
            completions.request(durably_engine::Run::heartbeat(), &info.token, caches);
        request.force_create_new_workflow_task = true;
        self.executors.send(Output::Heartbeat(info, request.into()));
    }

    /// Resumes a replay with the task that the server gave for the heartbeat.
    pub(crate) fn heartbeat_answered(
        &mut self,
        before: &TaskInfo,
        task: Option<Box<PollWorkflowTaskQueueResponse>>,
    ) {
        let Some(mut replay) = self.replays.beating.remove(&before.run_id) else {
            return;
        };
        let Some(mut task) = task else {
            // The run is replayed for another task, on whichever worker gets it.
            discard(&self.executors, &before.run_id, replay.driver);
            replay.behind.into_iter().for_each(|next| self.task(next));
            return;
        };
        if task.next_page_token.is_empty() {
            let raw = task.clone();
            let info = Arc::new(TaskInfo::take(&mut task));
            let decoded = wire::task::from_proto(*task).ok();
            if decoded.is_some_and(|task| replay.driver.prolong(task).is_ok()) {
                replay.info = info;
                self.replays.turns.push_back(replay);
                return;
            }
            task = raw;
        }
        // As if it had been polled.
        discard(&self.executors, &before.run_id, replay.driver);
        self.executors.send(Output::Task(task, replay.permit));
        replay.behind.into_iter().for_each(|next| self.task(next));
    }
}
