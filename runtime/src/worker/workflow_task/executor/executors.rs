//! The executor threads as one worker sees them.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    completion::Completions,
    messages::{Output, Wake},
    pool::Pool,
};
use crate::driver::local::LocalActivities;
use crate::worker::{
    identity::Identity,
    lifecycle::Lifecycle,
    registry::Registry,
    workflow_task::{cache::CacheCounts, lost_threads::LostThreads},
};

/// The executor threads as one worker sees them, with what they need to run its workflows.
pub(crate) struct Executors {
    pub(crate) pool: Arc<Pool<Message>>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) completions: Completions,
    /// Runs local activities.
    pub(crate) local: Arc<dyn LocalActivities>,
    pub(crate) lost_threads: Arc<LostThreads>,
    pub(crate) outbox: Arc<dyn Outbox>,
    /// Runs kept between their tasks, on all threads.
    pub(crate) max_cached: usize,
    pub(crate) cache_counts: Arc<CacheCounts>,
    /// The worker ends, and tasks that are put aside go to other workers. Never reset.
    pub(crate) hands_back: AtomicBool,
}

/// Sends what the threads have for the server, and wakes them with what comes back.
///
/// A trait, so that the threads do not depend on RPCs.
pub(crate) trait Outbox: Send + Sync {
    fn send(self: Arc<Self>, executors: &Arc<Executors>, output: Output);
}

/// A message to a thread, with the worker that it is about: any thread can begin to work for it.
pub(crate) struct Message {
    pub(crate) executors: Arc<Executors>,
    pub(crate) wake: Wake,
}

impl Executors {
    /// Identifies the worker among those of the process, while it lives.
    pub(crate) fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.completions.server.identity
    }

    /// Wakes the thread that owns the run.
    pub(crate) fn wake(self: &Arc<Self>, run_id: &str, wake: Wake) {
        let mut hasher = DefaultHasher::new();
        run_id.hash(&mut hasher);
        let lane = (hasher.finish() % self.pool.size() as u64) as usize;
        self.wake_lane(lane, wake);
    }

    pub(crate) fn wake_lane(self: &Arc<Self>, lane: usize, wake: Wake) {
        let executors = Arc::clone(self);
        self.pool.send(lane, Message { executors, wake });
    }

    /// Makes the threads give the tasks that they have put aside to other workers.
    pub(crate) fn hand_back(self: &Arc<Self>) {
        // For those that are put aside from now on.
        self.hands_back.store(true, Ordering::Release);
        for lane in 0..self.pool.size() {
            self.wake_lane(lane, Wake::HandBack);
        }
    }

    /// Whether a task that is put aside goes to another worker at once.
    pub(crate) fn hands_back(&self) -> bool {
        self.hands_back.load(Ordering::Acquire)
    }

    /// Makes the threads drop the runs of the worker. One that is blocked by a run does so when, and if,
    /// the run releases it.
    pub(crate) fn stop(self: &Arc<Self>) {
        for lane in 0..self.pool.size() {
            self.wake_lane(lane, Wake::Stop);
        }
    }

    pub(crate) fn send(self: &Arc<Self>, output: Output) {
        Arc::clone(&self.outbox).send(self, output);
    }
}
