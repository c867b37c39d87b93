//! Replays that take long: in turns, so that the other runs of the thread are not held up, and with
//! heartbeats, so that the server does not take their tasks for lost.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use durably_engine::Completion;
use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;

use super::{Delivery, Executor, Handled, Wake, Work, discard};
use crate::{
    driver::Driver,
    wire,
    worker::{
        slots::Permit,
        workflow_task::{
            answer::{self, Mark},
            intake,
            ticket::Ticket,
        },
    },
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
    ticket: Arc<Ticket>,
    permit: Permit,
    driver: Box<Driver>,
    /// Later tasks of the run.
    behind: VecDeque<Delivery>,
}

impl Replays {
    /// Keeps a task back while its run is replayed for an earlier one; returns it otherwise.
    pub(crate) fn queue_behind(&mut self, delivery: Delivery) -> Option<Delivery> {
        if self.turns.is_empty() && self.beating.is_empty() {
            return Some(delivery);
        }
        let run_id = match &delivery.work {
            Work::Raw(task) => task
                .workflow_execution
                .as_ref()
                .map(|it| it.run_id.as_str()),
            Work::Decoded(ticket, _) => Some(ticket.run_id.as_str()),
        }
        .unwrap_or_default();
        let in_turns = self.turns.iter_mut().find(|it| it.ticket.run_id == run_id);
        match in_turns.or_else(|| self.beating.get_mut(run_id)) {
            Some(replay) => {
                replay.behind.push_back(delivery);
                None
            }
            None => Some(delivery),
        }
    }
}

impl Executor {
    pub(crate) fn has_turns(&self) -> bool {
        !self.replays.turns.is_empty()
    }

    /// Works on the replay whose turn it is.
    pub(crate) fn turn(&mut self) {
        let Some(Replay {
            ticket,
            permit,
            driver,
            behind,
        }) = self.replays.turns.pop_front()
        else {
            return;
        };
        let run_id = ticket.run_id.clone();
        self.work(ticket, permit, |this, ticket| this.advance(ticket, driver));
        if self.watched.is_given_up() {
            // Their permits are free again; the server hands them out once more.
            drop(behind);
            return;
        }
        let unfinished = self.replays.turns.iter_mut();
        let mut unfinished = unfinished.chain(self.replays.beating.values_mut());
        match unfinished.find(|it| it.ticket.run_id == run_id) {
            Some(replay) => replay.behind = behind,
            None => behind.into_iter().for_each(|next| self.task(next)),
        }
    }

    /// Replays, and runs the slice that is new, until it is done or its turn ends.
    pub(crate) fn advance(&mut self, ticket: &Arc<Ticket>, mut driver: Box<Driver>) -> Handled {
        let turn = Instant::now();
        let watched = &self.watched;
        // What is timed is one activation, as live.
        let goes_on = || {
            watched.begin_activation();
            turn.elapsed() < TURN
        };
        match driver.advance(goes_on) {
            Err(failure) => Handled::Failed(failure),
            Ok(None) => Handled::Unfinished(driver),
            Ok(Some(Completion::Query(answer))) => {
                // A query of a run that was not cached is mostly one of a run that has ended.
                if driver.tasks() > 1 {
                    self.keep(&ticket.run_id, driver);
                }
                Handled::Answered(wire::command::query_completed(answer).into())
            }
            Ok(Some(Completion::Task(completion))) => {
                let mark = Mark {
                    ticket: Arc::clone(ticket),
                    task: driver.task(),
                };
                let keep = !completion.ends_run && self.shared.caches();
                if keep {
                    self.keep(&ticket.run_id, driver);
                }
                Handled::Completed(Box::new(self.completed(completion, mark, keep)))
            }
        }
    }

    /// Keeps a replay for its next turn; first prolongs its task, if that has little time left.
    pub(crate) fn suspend(&mut self, ticket: Arc<Ticket>, permit: Permit, driver: Box<Driver>) {
        let prolong = !ticket.query_only && ticket.since.elapsed() >= ticket.timeout / 2;
        let replay = Replay {
            ticket: Arc::clone(&ticket),
            permit,
            driver,
            behind: VecDeque::new(),
        };
        if !prolong {
            self.replays.turns.push_back(replay);
            return;
        }
        self.replays.beating.insert(ticket.run_id.clone(), replay);
        let shared = Arc::clone(&self.shared);
        self.shared.net.spawn(async move {
            let task = answer::prolong(&shared, &ticket).await;
            let run_id = ticket.run_id.clone();
            shared.wake(&run_id, Wake::Prolonged(ticket, task));
        });
    }

    /// Resumes a replay with the task that the server gave for the heartbeat.
    pub(crate) fn prolonged(
        &mut self,
        before: &Ticket,
        task: Option<Box<PollWorkflowTaskQueueResponse>>,
    ) {
        let Some(mut replay) = self.replays.beating.remove(&before.run_id) else {
            return;
        };
        let Some(mut task) = task else {
            // The run is replayed for another task, on whichever worker gets it.
            discard(&self.shared, &before.run_id, replay.driver);
            replay.behind.into_iter().for_each(|next| self.task(next));
            return;
        };
        if task.next_page_token.is_empty() {
            let raw = task.clone();
            let ticket = Arc::new(Ticket::take(&mut task));
            let decoded = wire::task::from_proto(*task).ok();
            if decoded.is_some_and(|task| replay.driver.prolong(task).is_ok()) {
                replay.ticket = ticket;
                self.replays.turns.push_back(replay);
                return;
            }
            task = raw;
        }
        // As if it had been polled.
        discard(&self.shared, &before.run_id, replay.driver);
        intake::take(&self.shared, task, replay.permit);
        replay.behind.into_iter().for_each(|next| self.task(next));
    }
}
