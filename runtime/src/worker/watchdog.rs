//! Finds runs that block their thread, tells where, and fails their task.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    answer,
    shared::{Phase, Shared},
    ticket::Ticket,
};
use crate::{
    AppError,
    workflow::inside::{Beacon, Who},
};

/// How often threads are looked at within the time a run may take.
const LOOKS: u32 = 8;

/// What an executor thread shows to the watchdog.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// Where workflow code of the thread was seen last.
    pub(crate) beacon: Arc<Beacon>,
    /// The task in hand; none while the thread waits for work.
    busy: Mutex<Option<Busy>>,
}

#[derive(Debug)]
struct Busy {
    since: Instant,
    ticket: Arc<Ticket>,
    /// The watchdog has failed the task; what the thread makes of it is thrown away.
    given_up: bool,
}

impl Watched {
    /// The thread begins with a task.
    pub(crate) fn begin(&self, ticket: &Arc<Ticket>) {
        self.beacon.clear();
        *self.busy() = Some(Busy {
            since: Instant::now(),
            ticket: Arc::clone(ticket),
            given_up: false,
        });
    }

    /// The thread is done with its task; says whether the watchdog was quicker.
    pub(crate) fn end(&self) -> bool {
        self.busy().take().is_some_and(|busy| busy.given_up)
    }

    /// Takes over the task in hand if it takes longer than `limit`.
    fn overdue(&self, limit: Duration) -> Option<Arc<Ticket>> {
        let mut busy = self.busy();
        let busy = busy.as_mut()?;
        if busy.given_up || busy.since.elapsed() < limit {
            return None;
        }
        busy.given_up = true;
        Some(Arc::clone(&busy.ticket))
    }

    fn busy(&self) -> MutexGuard<'_, Option<Busy>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches the executor threads until the worker ends.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let limit = shared.options.deadlock_timeout;
    let mut looks = tokio::time::interval((limit / LOOKS).max(Duration::from_millis(1)));
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = shared.reached(Phase::ActivitiesAbandoned) => return,
        }
        for shard in shared.shards() {
            if let Some(ticket) = shard.watched.overdue(limit) {
                let error = blocked(&ticket, limit, &shard.watched.beacon);
                let failure = answer::Failure::of(&error.into());
                let shared = Arc::clone(&shared);
                shared.clone().net.spawn(async move {
                    answer::fail(&shared, &ticket, failure).await;
                });
            }
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
             Workflow code must neither block nor compute for long: move that into an activity",
            ticket.workflow_type
        ),
    )
}

#[cfg(test)]
mod tests {
    use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;

    use super::*;
    use crate::{millis, secs};

    #[test]
    fn an_overdue_task_is_taken_over_once_and_its_thread_is_told() {
        let watched = Watched::default();
        assert!(watched.overdue(Duration::ZERO).is_none());
        let ticket = Ticket::take(&mut PollWorkflowTaskQueueResponse::default());
        watched.begin(&Arc::new(ticket));
        assert!(watched.overdue(secs(60)).is_none());
        std::thread::sleep(millis(1));
        assert!(watched.overdue(millis(1)).is_some());
        assert!(watched.overdue(millis(1)).is_none());
        assert!(watched.end());
        assert!(!watched.end());
    }
}
