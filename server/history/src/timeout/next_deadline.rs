//! The deadline of a run that is due first.

use crate::input::Deadline;
use crate::state::{Run, WorkflowTask};
use crate::time::Time;

impl Run {
    /// Returns the deadline that is due first, and when, in the server's time. Must be called after each
    /// input; [`Input::Due`](crate::Input::Due) is applied while it is due.
    ///
    /// Deadlines of the same time fire in a fixed order: those of workflow tasks, timers,
    /// activities, a fast-forward, the run.
    pub fn next_deadline(&self) -> Option<(Time, Deadline)> {
        let (at, deadline) = self.first_deadline()?;
        Some((self.server_time(at), deadline))
    }

    /// As [`next_deadline`](Self::next_deadline), in the run's own time.
    pub(crate) fn first_deadline(&self) -> Option<(Time, Deadline)> {
        let run = self.config.run_expires_at.filter(|_| self.is_running());
        let time = self.virtual_time.as_ref().filter(|_| self.is_running());
        let fast_forward = time.and_then(|time| time.pending_target());
        let timer = self.timers.first();
        let activity = self.activities.first_due();
        let deadlines = [
            self.held_back_until()
                .map(|at| (at, Deadline::FirstWorkflowTask)),
            self.task.next_deadline(),
            timer.map(|(id, timer)| (timer.fires_at, Deadline::Timer(id.clone()))),
            activity.map(|(at, scheduled)| (at, Deadline::Activity(scheduled))),
            fast_forward.map(|at| (at, Deadline::FastForward)),
            run.map(|at| (at, Deadline::Run)),
        ];
        let first = deadlines.into_iter().flatten().min_by_key(|(at, _)| *at)?;
        // Times beyond the representable range are clamped to the last one. Nothing is due there;
        // otherwise a deadline at the end of time would fire again and again.
        Some(first).filter(|(at, _)| *at < Time::MAX)
    }
}

impl WorkflowTask {
    fn next_deadline(&self) -> Option<(Time, Deadline)> {
        let (at, stamp) = match self {
            Self::Idle => return None,
            Self::Scheduled(task) => (task.waits_until?, task.stamp),
            Self::Started(task) => (task.at + task.task.timeout, task.task.stamp),
        };
        Some((at, Deadline::WorkflowTask(stamp)))
    }
}
