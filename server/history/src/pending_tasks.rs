//! What a server does again after a restart: it offers the tasks that wait in queues, and delivers
//! messages to other executions.

use crate::input::{ActivityTaskKey, WorkflowTaskKey};
use crate::pending::activities::Activity;
use crate::queue::TaskQueue;
use crate::state::{Run, ScheduledTask, TaskType, WorkflowTask};
use crate::transition::Effect;

impl Run {
    /// Whether a task of the run waits in a queue for a worker, a message for its delivery, or the run
    /// for its removal.
    pub fn has_pending_task(&self) -> bool {
        self.has_outgoing() || self.deletion_requested || self.offers().next().is_some()
    }

    /// The effects that offer the tasks that wait in queues once more, deliver the messages that are not
    /// delivered, and remove a run that is to be deleted: queues are in the memory of the server only.
    pub fn pending_tasks(&self) -> Vec<Effect> {
        let messages = self.outgoing.keys().map(Effect::Deliver);
        let removal = self.is_removable().then_some(Effect::Remove);
        self.offers().chain(messages).chain(removal).collect()
    }

    fn offers(&self) -> impl Iterator<Item = Effect> {
        let workflow_task = match &self.task {
            WorkflowTask::Scheduled(task) => Some(task.offer(self.current_task_queue())),
            WorkflowTask::Idle | WorkflowTask::Started(_) => None,
        };
        let activities = self.activity_offers();
        workflow_task.into_iter().chain(activities)
    }

    /// The offers of the activities that wait in queues.
    pub(crate) fn activity_offers(&self) -> impl Iterator<Item = Effect> {
        let activities = self.activities.iter();
        let waiting = activities.filter(|it| it.is_waiting());
        waiting.map(Activity::offer)
    }
}

impl ScheduledTask {
    /// Offers the task to the pollers of a queue.
    pub(crate) fn offer(&self, queue: TaskQueue) -> Effect {
        Effect::DispatchWorkflowTask {
            task_key: WorkflowTaskKey {
                scheduled: self.scheduled,
                stamp: self.stamp,
            },
            queue,
            speculative: self.task_type == TaskType::Speculative,
        }
    }
}

impl Activity {
    /// Offers the attempt to the pollers of its queue.
    pub(crate) fn offer(&self) -> Effect {
        Effect::DispatchActivity {
            task_key: ActivityTaskKey {
                scheduled: self.scheduled,
                attempt: self.attempt,
                stamp: self.stamp,
            },
            queue: self.queue.clone(),
        }
    }
}
