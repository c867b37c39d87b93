//! The part of an executor thread that the watchdog sees.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    instance::current::Beacon,
    worker::{slots::Permit, workflow_task::task_info::TaskInfo},
};

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
    /// The permits of the tasks that the thread has put aside.
    parked: Mutex<ParkedPermits>,
}

#[derive(Debug, Default)]
struct ParkedPermits {
    /// Counts them.
    last: u64,
    permits: HashMap<u64, Permit>,
}

/// The permit of a task that is put aside; it is free again when this is dropped, or when the thread is
/// given up.
#[derive(Debug)]
pub(crate) struct ParkedPermit {
    watched: Arc<Watched>,
    number: u64,
}

#[derive(Debug)]
struct Busy {
    /// Start of the activation.
    since: Instant,
    worker: usize,
    task: Arc<TaskInfo>,
    permit: Permit,
}

impl Watched {
    /// The thread begins with a task of the worker with this key.
    pub(crate) fn begin(&self, worker: usize, task: &Arc<TaskInfo>, permit: Permit) {
        self.beacon.clear();
        *self.busy() = Some(Busy {
            since: Instant::now(),
            worker,
            task: Arc::clone(task),
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

    /// Keeps the permit of a task that is put aside where a thread that is blocked for ever does not hold it.
    pub(crate) fn park(self: &Arc<Self>, permit: Permit) -> ParkedPermit {
        let mut parked = self.parked();
        parked.last += 1;
        let number = parked.last;
        if !self.is_given_up() {
            parked.permits.insert(number, permit);
        }
        drop(parked);
        let watched = Arc::clone(self);
        ParkedPermit { watched, number }
    }

    /// Whether the task in hand is one of the worker's.
    pub(crate) fn works_for(&self, worker: usize) -> bool {
        self.busy().as_ref().is_some_and(|it| it.worker == worker)
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    /// Abandons the thread if its task is one of the worker's and takes longer than `limit`.
    ///
    /// The thread cannot see that before `count` has returned: what it undoes on its return must have
    /// been done.
    pub(crate) fn give_up<T>(
        &self,
        worker: usize,
        limit: Duration,
        count: impl FnOnce(Arc<TaskInfo>, Permit) -> T,
    ) -> Option<T> {
        let mut busy = self.busy();
        let overdue = busy.take_if(|it| it.worker == worker && it.since.elapsed() >= limit)?;
        self.given_up.store(true, Ordering::Release);
        self.beacon.give_up();
        // The tasks it has put aside, also those of other workers, are lost with it.
        self.parked().permits.clear();
        Some(count(overdue.task, overdue.permit))
    }

    fn busy(&self) -> MutexGuard<'_, Option<Busy>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parked(&self) -> MutexGuard<'_, ParkedPermits> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ParkedPermit {
    /// Takes the permit, to work on the task; none if the thread is given up.
    pub(crate) fn take(&self) -> Option<Permit> {
        self.watched.parked().permits.remove(&self.number)
    }
}

impl Drop for ParkedPermit {
    fn drop(&mut self) {
        drop(self.take());
    }
}

#[cfg(test)]
mod tests {
    use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;

    use super::*;
    use crate::{
        time::span::{millis, secs},
        wire::workflow_task::PolledTask,
        worker::slots::Slots,
    };

    #[test]
    fn an_overdue_task_is_taken_over_once_and_its_thread_is_given_up() {
        let (watched, slots) = (Arc::new(Watched::default()), Slots::new(3));
        let parked = watched.park(slots.try_acquire().unwrap());
        let resumed = watched.park(slots.try_acquire().unwrap());
        let resumed = resumed.take().unwrap();
        let overdue = |worker, limit| watched.give_up(worker, limit, |_, _| ()).is_some();
        assert!(!overdue(7, Duration::ZERO));
        let polled = PollWorkflowTaskQueueResponse {
            task_token: b"token".to_vec(),
            ..Default::default()
        };
        let task = TaskInfo::take(&mut PolledTask::new(polled).unwrap());
        watched.begin(7, &Arc::new(task), slots.try_acquire().unwrap());
        assert!(!overdue(7, secs(60)));
        std::thread::sleep(millis(1));
        assert!(!overdue(8, millis(1)), "it is not a task of that worker");
        assert!(!watched.is_given_up());
        assert!(overdue(7, millis(1)));
        assert!(!overdue(7, millis(1)));
        assert!(watched.end().is_none());
        assert!(watched.is_given_up());
        drop(resumed);
        assert!(slots.are_free(), "those of tasks put aside too");
        assert!(parked.take().is_none());
        assert!(watched.park(slots.try_acquire().unwrap()).take().is_none());
        assert!(slots.are_free());
    }
}
