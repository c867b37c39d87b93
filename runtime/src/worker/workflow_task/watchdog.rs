//! Finds runs that block their thread, fails their task with the place, and replaces the thread.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::{answer, ticket::Ticket};
use crate::{
    error::AppError,
    instance::current::{Beacon, Who},
    worker::{
        shared::{Phase, Shared},
        slots::Permit,
    },
};

/// How often threads are looked at within the time an activation may take.
const LOOKS: u32 = 8;

/// The part of an executor thread that the watchdog sees.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// Where workflow code of the thread was seen last.
    pub(crate) beacon: Arc<Beacon>,
    /// The task in hand; none while the thread waits for work.
    busy: Mutex<Option<Busy>>,
    /// The watchdog has failed the task in hand and replaced the thread, which ends as soon as the
    /// run releases it. Never reset.
    given_up: AtomicBool,
}

#[derive(Debug)]
struct Busy {
    /// Start of the activation.
    since: Instant,
    worker: usize,
    ticket: Arc<Ticket>,
    permit: Permit,
}

impl Watched {
    /// The thread begins with a task of the worker with this key.
    pub(crate) fn begin(&self, worker: usize, ticket: &Arc<Ticket>, permit: Permit) {
        self.beacon.clear();
        *self.busy() = Some(Busy {
            since: Instant::now(),
            worker,
            ticket: Arc::clone(ticket),
            permit,
        });
    }

    /// The thread begins with the next activation of its task.
    pub(crate) fn begin_activation(&self) {
        if let Some(busy) = &mut *self.busy() {
            busy.since = Instant::now();
        }
    }

    /// The thread is done with its task; nothing is returned if the watchdog was quicker.
    pub(crate) fn end(&self) -> Option<Permit> {
        self.busy().take().map(|busy| busy.permit)
    }

    /// Whether the task in hand is one of the worker's.
    fn works_for(&self, worker: usize) -> bool {
        self.busy().as_ref().is_some_and(|it| it.worker == worker)
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    /// Gives the thread up if its task is one of the worker's and takes longer than `limit`.
    ///
    /// The thread cannot see that before `count` has returned: what it undoes on its return must have
    /// been done.
    fn give_up<T>(
        &self,
        worker: usize,
        limit: Duration,
        count: impl FnOnce(Arc<Ticket>, Permit) -> T,
    ) -> Option<T> {
        let mut busy = self.busy();
        let overdue = busy.take_if(|it| it.worker == worker && it.since.elapsed() >= limit)?;
        self.given_up.store(true, Ordering::Release);
        self.beacon.give_up();
        Some(count(overdue.ticket, overdue.permit))
    }

    fn busy(&self) -> MutexGuard<'_, Option<Busy>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches the executor threads until the worker ends, and longer while one of its runs keeps a thread:
/// other workers share it.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let limit = shared.options.deadlock_timeout;
    let mut looks = tokio::time::interval((limit / LOOKS).max(Duration::from_millis(1)));
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ended = false;
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = shared.reached(Phase::ActivitiesAbandoned), if !ended => ended = true,
        }
        let Some(pool) = shared.pool.get() else {
            return;
        };
        let blocked = pool.replace_threads(|thread| {
            thread.give_up(shared.key(), limit, |ticket, permit| {
                let error = blocked(&ticket, limit, &thread.beacon);
                let lost = &shared.lost_threads;
                lost.add(&shared, &ticket, error.to_string(), permit);
                (ticket, answer::Failure::of(&error.into()))
            })
        });
        for (ticket, failure) in blocked {
            let shared = Arc::clone(&shared);
            shared.clone().net.spawn(async move {
                answer::fail(&shared, &ticket, failure).await;
            });
        }
        if ended && !pool.any_thread(|thread| thread.works_for(shared.key())) {
            return;
        }
    }
}

fn blocked(ticket: &Ticket, limit: Duration, beacon: &Beacon) -> AppError {
    let seen = beacon.last_seen();
    let who = match seen.who {
        None => "it".to_owned(),
        Some(Who::Run(_)) => "its run method".to_owned(),
        Some(who) => who.to_string(),
    };
    let place = match seen.place {
        Some(place) => format!("{who} was last seen at {place}"),
        None => format!("{who} did not come to a durable wait"),
    };
    AppError::new(
        "WorkflowBlocked",
        format!(
            "workflow `{}` has blocked its thread for more than {limit:?}; {place}. \
             Workflow code must neither block nor compute for long: move that into an activity, \
             or let the worker wait longer with `.deadlock_timeout(..)`",
            ticket.workflow_type
        ),
    )
}

#[cfg(test)]
mod tests {
    use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;

    use super::*;
    use crate::{
        time::span::{millis, secs},
        worker::slots::Slots,
    };

    #[test]
    fn an_overdue_task_is_taken_over_once_and_its_thread_is_given_up() {
        let (watched, slots) = (Watched::default(), Slots::new(1));
        let overdue = |worker, limit| watched.give_up(worker, limit, |_, _| ()).is_some();
        assert!(!overdue(7, Duration::ZERO));
        let ticket = Ticket::take(&mut PollWorkflowTaskQueueResponse::default());
        watched.begin(7, &Arc::new(ticket), slots.try_acquire().unwrap());
        assert!(!overdue(7, secs(60)));
        std::thread::sleep(millis(1));
        assert!(!overdue(8, millis(1)), "it is not a task of that worker");
        assert!(!watched.is_given_up());
        assert!(overdue(7, millis(1)));
        assert!(!overdue(7, millis(1)));
        assert!(watched.end().is_none());
        assert!(watched.is_given_up());
    }
}
