//! Heartbeats of the worker: the server knows its workers, their slots and their load.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use super::{
    activity_task::ActivityTasks,
    lifecycle::{Lifecycle, Phase},
    local_activity::LocalActivityTasks,
    poll::{PollKind, Polls},
    server::Server,
    slots::{Machine, Reading, SlotReport, Slots, Usage},
    workflow_task::WorkflowTasks,
};
use crate::{
    transport::{id::host_name, retry::Patience},
    wire::{
        status::Kind,
        worker_heartbeat::{RecordWorkerHeartbeat, SlotsInfo, WorkerHeartbeat, WorkerStatus},
    },
};

/// The heartbeats of one worker.
pub(crate) struct WorkerHeartbeats {
    server: Arc<Server>,
    workflows: Arc<WorkflowTasks>,
    activities: Arc<ActivityTasks>,
    local: Arc<LocalActivityTasks>,
    polls: Vec<Arc<Polls>>,
    /// None where it cannot be read.
    machine: Option<Arc<Machine>>,
    started: SystemTime,
    last: Mutex<Last>,
}

/// What the last heartbeat had.
#[derive(Debug, Default)]
struct Last {
    at: Option<SystemTime>,
    /// Apart from the readings for slots, which are about a moment: this one is about the time between heartbeats.
    reading: Option<Reading>,
    workflows: Counts,
    activities: Counts,
    local: Counts,
}

/// Tasks that the worker has worked on.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    processed: u64,
    failed: u64,
}

impl WorkerHeartbeats {
    pub(crate) fn new(
        server: &Arc<Server>,
        workflows: &Arc<WorkflowTasks>,
        activities: &Arc<ActivityTasks>,
        local: &Arc<LocalActivityTasks>,
        polls: &[Arc<Polls>],
    ) -> Self {
        let machine = Machine::of_process().ok();
        let reading = machine.as_ref().and_then(|it| it.read(Instant::now()).ok());
        Self {
            server: Arc::clone(server),
            workflows: Arc::clone(workflows),
            activities: Arc::clone(activities),
            local: Arc::clone(local),
            polls: polls.to_vec(),
            machine,
            started: SystemTime::now(),
            last: Mutex::new(Last {
                reading,
                ..Last::default()
            }),
        }
    }

    /// Sends a heartbeat at once, and one after each interval, until the worker stops or the server takes none. The
    /// announcement of the shutdown has the last one.
    pub(crate) async fn run(self: Arc<Self>, lifecycle: Arc<Lifecycle>, interval: Duration) {
        loop {
            let sent = async {
                let heartbeat = self.take(WorkerStatus::Running);
                let request = RecordWorkerHeartbeat { heartbeat };
                let patience = Patience::one_attempt(interval);
                self.server.caller.call(request, patience).await
            };
            tokio::select! {
                biased;
                () = lifecycle.reached(Phase::Stopping) => return,
                sent = sent => if let Err(error) = sent {
                    // A server that is unreachable has a log line of its own, and the next heartbeat says more.
                    tracing::debug!(
                        task_queue = self.server.identity.task_queue,
                        code = ?error.code(),
                        error = error.message(),
                        "a heartbeat of the worker was not sent"
                    );
                    if error.kind() == Kind::Unimplemented {
                        return;
                    }
                }
            }
            tokio::select! {
                () = lifecycle.reached(Phase::Stopping) => return,
                () = self.server.timers.sleep(interval) => {}
            }
        }
    }

    /// The heartbeat of this moment; the next one counts from here.
    pub(crate) fn take(&self, status: WorkerStatus) -> WorkerHeartbeat {
        let identity = &self.server.identity;
        let (at, now) = (SystemTime::now(), Instant::now());
        let pollers = |kind| self.polls.iter().find_map(|polls| polls.info(kind, now));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let since_last = last.at.and_then(|last| at.duration_since(last).ok());
        last.at = Some(at);
        let usage = self.usage_since(&mut last.reading, now);
        WorkerHeartbeat {
            instance_key: identity.instance_key.clone(),
            task_queue: identity.task_queue.clone(),
            build: identity.build.clone(),
            host_name: host_name(),
            process_id: std::process::id(),
            cpu: usage.map_or(0.0, |usage| usage.cpu),
            memory: usage.map_or(0.0, |usage| usage.memory),
            status,
            started: self.started,
            at,
            since_last,
            workflow_slots: info(&self.workflows.slots, &mut last.workflows),
            activity_slots: info(&self.activities.slots, &mut last.activities),
            local_activity_slots: info(&self.local.slots, &mut last.local),
            workflow_pollers: pollers(PollKind::Workflows),
            sticky_pollers: pollers(PollKind::CachedWorkflows),
            activity_pollers: pollers(PollKind::Activities),
            cached: self.workflows.cached(),
        }
    }

    /// What was in use since the reading `before`, which the present one replaces.
    fn usage_since(&self, before: &mut Option<Reading>, now: Instant) -> Option<Usage> {
        let reading = self.machine.as_ref()?.read(now).ok()?;
        let usage = reading.usage_since(&before.take().unwrap_or_default());
        *before = Some(reading);
        usage
    }
}

fn info(slots: &Slots, last: &mut Counts) -> SlotsInfo {
    let SlotReport {
        used,
        available,
        processed,
        failed,
    } = slots.report();
    let info = SlotsInfo {
        used,
        available,
        processed,
        failed,
        lately_processed: processed.saturating_sub(last.processed),
        lately_failed: failed.saturating_sub(last.failed),
    };
    *last = Counts { processed, failed };
    info
}
