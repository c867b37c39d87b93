//! The answer to a task, encoded, with the activities that start here at once.

use durably_engine::{Command, ScheduleActivity, TaskCompletion};

use super::Executor;
use crate::{
    wire,
    worker::{
        slots::Permit,
        workflow_task::{
            answer::{Completed, Mark},
            unregistered,
        },
    },
};

/// Activities one task may start on this worker without a poll, so that a large fan-out does not
/// keep its work from idle workers.
const EAGER_ACTIVITIES: usize = 3;

impl Executor {
    /// The answer to a task, encoded.
    pub(crate) fn completed(
        &self,
        mut completion: TaskCompletion,
        mark: Mark,
        keep: bool,
    ) -> Completed {
        let eager = self.claim_activities(&mut completion.commands, &mark.ticket.workflow_type);
        let mut request = wire::command::task_completed(completion);
        request.task_token.clone_from(&mark.ticket.token);
        self.shared.sign_completion(&mut request, keep);
        Completed {
            request,
            mark,
            eager,
        }
    }

    /// Marks the activities that this worker can start as soon as the server has recorded them.
    fn claim_activities(&self, commands: &mut [Command], workflow_type: &str) -> Vec<Permit> {
        let mut permits = Vec::new();
        let shared = &self.shared;
        for command in commands {
            let Command::ScheduleActivity(activity) = command else {
                continue;
            };
            let here = activity
                .task_queue
                .as_ref()
                .is_none_or(|it| *it == shared.task_queue)
                && self.can_run(activity, workflow_type);
            let wanted = here && permits.len() < EAGER_ACTIVITIES && !shared.is_stopping();
            let permit = wanted
                .then(|| shared.activity_slots.try_acquire())
                .flatten();
            activity.eager = permit.is_some();
            permits.extend(permit);
        }
        permits
    }

    /// Whether an activity of this worker's queue can run here; logged if not.
    fn can_run(&self, activity: &ScheduleActivity, workflow_type: &str) -> bool {
        let name = &activity.activity_type;
        let registered = self.shared.registry.activity(name).is_some();
        if !registered {
            unregistered::tell(&self.shared, workflow_type, name);
        }
        registered
    }
}
