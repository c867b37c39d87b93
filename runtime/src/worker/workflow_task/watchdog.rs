//! Finds runs that block their thread, fails their task with the place, and replaces the thread.

use std::{sync::Arc, time::Duration};

use super::{
    executor::Executors, failure_report::FailureReport, respond::Responder, task_info::TaskInfo,
};
use crate::{
    error::AppError,
    instance::current::{Beacon, Who},
    worker::lifecycle::{Lifecycle, Phase},
};

/// How often threads are checked within the time an activation may take.
const CHECKS: u32 = 8;

/// Watches the executor threads until the worker ends, and longer while one of its runs keeps a thread:
/// other workers share it.
pub(crate) async fn watch(
    executors: Arc<Executors>,
    responder: Arc<Responder>,
    lifecycle: Arc<Lifecycle>,
    limit: Duration,
) {
    let mut checks = tokio::time::interval((limit / CHECKS).max(Duration::from_millis(1)));
    checks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ended = false;
    let pool = &executors.pool;
    loop {
        tokio::select! {
            _ = checks.tick() => {}
            () = lifecycle.reached(Phase::ActivitiesAbandoned), if !ended => ended = true,
        }
        let blocked = pool.replace_threads(|thread| {
            thread.give_up(executors.key(), limit, |task, permit| {
                let error = blocked(&task, limit, &thread.beacon);
                executors
                    .lost_threads
                    .add(&task, error.message.clone(), permit);
                (task, FailureReport::of(&error.into()))
            })
        });
        for (task, failure) in blocked {
            Arc::clone(&responder).fail(task, failure);
        }
        if ended && !pool.any_thread(|thread| thread.works_for(executors.key())) {
            return;
        }
    }
}

fn blocked(task: &TaskInfo, limit: Duration, beacon: &Beacon) -> AppError {
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
            task.workflow_type
        ),
    )
}
