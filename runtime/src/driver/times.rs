//! How long a run has existed, and how long its replay took: read from the jobs that pass, for metrics.

use std::time::{Duration, Instant, SystemTime};

use durably_engine::Job;

/// The times of one run.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// When the run started, by the server's clock.
    started: Option<SystemTime>,
    /// Workflow time.
    now: Option<SystemTime>,
    /// When the replay in progress began, by the clock of this process.
    replay_began: Option<Instant>,
    replayed: Option<Duration>,
}

impl Times {
    /// Reads a job before user code gets it.
    pub(super) fn read(&mut self, job: &Job) {
        match job {
            Job::Advance(advance) => {
                self.now = Some(advance.now);
                match advance.replaying {
                    true => _ = self.replay_began.get_or_insert_with(Instant::now),
                    false => {
                        let replay = self.replay_began.take();
                        self.replayed = replay.map(|began| began.elapsed()).or(self.replayed);
                    }
                }
            }
            Job::Start(start) => self.started = Some(start.event.time),
            Job::WorkerVersion(_)
            | Job::Reseed { .. }
            | Job::PatchMarked { .. }
            | Job::SideEffectMarked(_)
            | Job::Signal { .. }
            | Job::Update(_)
            | Job::TimerFired { .. }
            | Job::ActivityResolved { .. }
            | Job::ChildStarted { .. }
            | Job::ChildResolved { .. }
            | Job::ExternalResolved { .. }
            | Job::CancelRequested { .. }
            | Job::Settle
            | Job::Query { .. } => {}
        }
    }

    /// How long the run has existed, by the server's clock.
    pub(super) fn age(&self) -> Option<Duration> {
        self.now?.duration_since(self.started?).ok()
    }

    /// How long the last replay took, once.
    pub(super) fn take_replayed(&mut self) -> Option<Duration> {
        self.replayed.take()
    }
}
