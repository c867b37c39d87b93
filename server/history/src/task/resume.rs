//! What a server does for a run that it restored: what waited in its queues, and the deadlines that
//! were armed, were in its memory only.

use crate::input::Deadline;
use crate::pending::activities::ActivityState;
use crate::state::{Run, StartedTask, TaskType, WorkflowTask};
use crate::task::{activity_task, workflow_task};
use crate::time::Time;
use crate::transition::Effect;

impl Run {
    /// The effects that repeat those of earlier inputs after a restart: dispatches of the tasks
    /// that no worker has, and the armed deadlines.
    pub fn resume(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let WorkflowTask::Scheduled(task) = &self.task {
            effects.push(workflow_task::dispatch_of(task, self.current_task_queue()));
        }
        for activity in self.activities.iter() {
            if matches!(activity.state, ActivityState::Waiting) {
                effects.push(activity_task::dispatch_of(activity));
            }
        }
        let armed = self.armed().into_iter();
        effects.extend(armed.map(|(deadline, at)| Effect::Arm { deadline, at }));
        effects
    }

    fn armed(&self) -> Vec<(Deadline, Time)> {
        let mut armed = Vec::new();
        if !self.is_running() {
            return armed;
        }
        armed.extend(self.config.run_expires_at.map(|at| (Deadline::Run, at)));
        let vanishes = match &self.task {
            WorkflowTask::Idle => false,
            WorkflowTask::Scheduled(task) | WorkflowTask::Started(StartedTask { task, .. }) => {
                task.task_type == TaskType::Speculative
            }
        };
        // A speculative task does not end the delay, because it may leave no trace.
        if self.is_delayed() || vanishes && self.starts_delayed() {
            armed.push((Deadline::FirstWorkflowTask, self.config.executes_at));
        }
        match &self.task {
            WorkflowTask::Idle => {}
            WorkflowTask::Scheduled(task) => {
                let deadline = Deadline::WorkflowTask(task.stamp);
                armed.extend(task.waits_until.map(|at| (deadline, at)));
            }
            WorkflowTask::Started(task) => {
                let deadline = Deadline::WorkflowTask(task.task.stamp);
                armed.push((deadline, task.at + task.task.timeout));
            }
        }
        let timers = self.timers.iter();
        armed.extend(timers.map(|(id, timer)| (Deadline::Timer(id.clone()), timer.fires_at)));
        let activities = self.activities.iter();
        armed.extend(activities.filter_map(|activity| {
            Some((Deadline::Activity(activity.scheduled), activity.armed?))
        }));
        armed
    }
}
