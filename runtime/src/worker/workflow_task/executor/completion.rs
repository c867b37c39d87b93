//! Builds the response to a task: commands, activities that start here at once, names.

use std::{sync::Arc, time::Duration};

use super::messages::{Completed, RunVersion};
use crate::{
    telemetry::metrics::RunEnd,
    wire::{
        deployment::{Versioning, WorkerBuild},
        respond::CompleteWorkflowTask,
    },
    worker::{
        lifecycle::Lifecycle,
        registry::Registry,
        server::Server,
        slots::{Permit, Slots},
        workflow_task::{task_info::TaskInfo, unregistered_calls::UnregisteredCalls},
    },
};
use durably_engine::{Command, EndRun, ScheduleActivity, TaskCompletion};

/// Builds the responses to tasks.
pub(crate) struct Completions {
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) activity_slots: Slots,
    /// Activities one task may start on this worker without a poll, so that a large fan-out does not
    /// keep its work from idle workers.
    pub(crate) max_eager_activities: usize,
    pub(crate) unregistered_calls: UnregisteredCalls,
    /// How long a task waits for this worker before any worker may take it.
    pub(crate) sticky_timeout: Duration,
    /// The versioning of workflows that declare none.
    pub(crate) default_versioning: Option<Versioning>,
}

impl Completions {
    /// The response to a task; with `keeps_run` the next task of the run is to come here. The run has existed since
    /// `age`.
    pub(crate) fn build(
        &self,
        mut completion: TaskCompletion,
        version: RunVersion,
        keeps_run: bool,
        age: Option<Duration>,
    ) -> Completed {
        let ended = completion.ends_run.then(|| end_of(&completion.commands));
        let eager = self.claim_activities(&mut completion.commands, &version.info.workflow_type);
        let request = self.request(completion, &version.info, keeps_run);
        Completed {
            request,
            version,
            eager,
            ended: ended.flatten().map(|end| (end, age)),
        }
    }

    pub(crate) fn request(
        &self,
        completion: TaskCompletion,
        info: &TaskInfo,
        keeps_run: bool,
    ) -> CompleteWorkflowTask {
        let identity = &self.server.identity;
        let instance_key = identity.instance_key.clone();
        let token = info.token.clone();
        let mut request = CompleteWorkflowTask::new(completion, token, instance_key);
        if let Some(build) = &identity.build {
            let versioning = self.versioning(&info.workflow_type);
            request = request.of_build(build.clone(), versioning);
        }
        if self.lifecycle.is_stopping() {
            return request;
        }
        let request = request.returning_next_task();
        match keeps_run {
            true => request.sticky_to(identity.sticky_task_queue(), self.sticky_timeout),
            false => request,
        }
    }

    /// Which versions a run of this type accepts after this one; nothing without a deployment.
    fn versioning(&self, workflow_type: &str) -> Option<Versioning> {
        if !matches!(self.server.identity.build, Some(WorkerBuild::Versioned(_))) {
            return None;
        }
        let declared = self.registry.workflow(workflow_type)?.versioning;
        declared.or(self.default_versioning)
    }

    /// Marks the activities that this worker can start as soon as the server has recorded them.
    fn claim_activities(&self, commands: &mut [Command], workflow_type: &str) -> Vec<Permit> {
        let mut permits = Vec::new();
        for command in commands {
            let Command::ScheduleActivity(activity) = command else {
                continue;
            };
            let here = activity
                .task_queue
                .as_ref()
                .is_none_or(|it| *it == self.server.identity.task_queue)
                && self.can_run(activity, workflow_type);
            let is_within = permits.len() < self.max_eager_activities;
            let wanted = here && is_within && !self.lifecycle.is_stopping();
            let permit = wanted.then(|| self.activity_slots.try_acquire()).flatten();
            activity.eager = permit.is_some();
            permits.extend(permit);
        }
        permits
    }

    /// Whether an activity of this worker's queue can run here; logged if not.
    fn can_run(&self, activity: &ScheduleActivity, workflow_type: &str) -> bool {
        let name = &activity.activity_type;
        let registered = self.registry.activity(name).is_some();
        if !registered {
            self.unregistered_calls
                .warn(&self.server, &self.registry, workflow_type, name);
        }
        registered
    }
}

/// How the run ends.
fn end_of(commands: &[Command]) -> Option<RunEnd> {
    commands.iter().find_map(|command| match command {
        Command::EndRun(EndRun::Complete(_)) => Some(RunEnd::Completed),
        Command::EndRun(EndRun::Fail(failure)) => Some(match failure.is_benign() {
            true => RunEnd::FailedBenignly,
            false => RunEnd::Failed,
        }),
        Command::EndRun(EndRun::Cancel(_)) => Some(RunEnd::Canceled),
        Command::EndRun(EndRun::ContinueAsNew(_)) => Some(RunEnd::ContinuedAsNew),
        _ => None,
    })
}
