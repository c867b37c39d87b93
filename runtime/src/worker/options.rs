//! The options of a worker, with their defaults.

use std::{num::NonZero, thread, time::Duration};

use super::Worker;
use crate::{
    data::Text,
    time::span::Span,
    wire::deployment::{DeploymentVersion, Versioning, WorkerBuild},
};

/// How a worker runs.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Runs kept in memory between their tasks; 0 replays history for each task.
    pub(crate) max_cached_workflows: usize,
    /// Workflow tasks in progress: polled and not yet answered.
    pub(crate) max_concurrent_workflow_tasks: usize,
    /// Activity attempts in progress.
    pub(crate) max_concurrent_activities: usize,
    /// Attempts of local activities in progress.
    pub(crate) max_concurrent_local_activities: usize,
    /// Activities that one workflow task may start on this worker without a poll.
    pub(crate) max_eager_activities: usize,
    /// Most long polls for workflow tasks at a time, for each of the two queues.
    pub(crate) workflow_pollers: usize,
    /// Most long polls for activity tasks at a time.
    pub(crate) activity_pollers: usize,
    /// Threads that run workflow code of this worker only; none for those that the workers of the
    /// process share.
    pub(crate) executor_threads: Option<usize>,
    /// Threads that workflow code may block before no more workflow tasks are polled; none for as
    /// many as there are executor threads.
    pub(crate) max_lost_threads: Option<usize>,
    /// How long a task waits for this worker before any worker may take it.
    pub(crate) sticky_timeout: Duration,
    /// The identity of this worker in histories.
    pub(crate) identity: String,
    /// The deployment that the worker is part of.
    pub(crate) deployment: Option<String>,
    /// The build that the worker runs.
    pub(crate) build_id: Option<String>,
    /// The versioning of workflows that declare none.
    pub(crate) default_versioning: Option<Versioning>,
    /// How long running activities are waited for when the worker shuts down.
    pub(crate) shutdown_grace: Duration,
    /// How long one activation of workflow code may take.
    pub(crate) deadlock_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_cached_workflows: 10_000,
            max_concurrent_workflow_tasks: 200,
            max_concurrent_activities: 200,
            max_eager_activities: 3,
            max_concurrent_local_activities: 200,
            workflow_pollers: 5,
            activity_pollers: 5,
            executor_threads: None,
            max_lost_threads: None,
            sticky_timeout: Duration::from_secs(10),
            identity: String::new(),
            deployment: None,
            build_id: None,
            default_versioning: None,
            shutdown_grace: Duration::from_secs(10),
            deadlock_timeout: Duration::from_secs(2),
        }
    }
}

impl Options {
    /// Most long polls for each of the two queues of workflow tasks. A poll holds a permit while it
    /// waits, so the polls of one queue must leave one for the other.
    pub(crate) fn pollers_of_each_workflow_queue(&self) -> usize {
        let left = self.max_concurrent_workflow_tasks.saturating_sub(1);
        self.workflow_pollers.min(left).max(1)
    }

    pub(crate) fn max_lost_threads(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        let threads = || self.executor_threads.unwrap_or_else(cores);
        self.max_lost_threads.unwrap_or_else(threads)
    }

    /// The build that requests name.
    pub(crate) fn build(&self) -> Option<WorkerBuild> {
        let build_id = self.build_id.clone()?;
        Some(match &self.deployment {
            Some(deployment) => {
                WorkerBuild::Versioned(DeploymentVersion::of(deployment).build(build_id))
            }
            None => WorkerBuild::Unversioned(build_id),
        })
    }

    /// Whether each workflow must declare its versioning.
    pub(crate) fn needs_versioning(&self) -> bool {
        self.deployment.is_some() && self.default_versioning.is_none()
    }

    fn check_build(&self, mistakes: &mut Vec<String>) {
        match (&self.deployment, &self.build_id) {
            (Some(deployment), None) => mistakes.push(format!(
                "the worker is part of deployment `{deployment}`, but its build has no id; add `.build_id(\"..\")`"
            )),
            (None, _) if self.default_versioning.is_some() => mistakes.push(
                "`default_versioning` has an effect in a deployment only; add `.deployment(\"..\")`, or leave it out"
                    .to_owned(),
            ),
            (Some(_) | None, _) => {}
        }
        let texts = [
            ("deployment", &self.deployment),
            ("build_id", &self.build_id),
        ];
        for (option, text) in texts {
            let Some(text) = text else { continue };
            if text.is_empty() {
                mistakes.push(format!(
                    "`{option}` is empty; write a name, or leave it out"
                ));
            } else if text.starts_with("__") {
                mistakes.push(format!(
                    "`{option}` is `{text}`, but names that begin with `__` are the server's; use another name"
                ));
            } else if option == "deployment" && text.contains([':', '.']) {
                mistakes.push(format!(
                    "`deployment` is `{text}`, but `:` and `.` separate a deployment from a build in texts; use another name"
                ));
            }
        }
    }

    /// What cannot work, one sentence each.
    pub(crate) fn check(&self, mistakes: &mut Vec<String>) {
        let at_least_one = [
            ("max_concurrent_activities", self.max_concurrent_activities),
            (
                "max_concurrent_local_activities",
                self.max_concurrent_local_activities,
            ),
            ("workflow_pollers", self.workflow_pollers),
            ("activity_pollers", self.activity_pollers),
            ("executor_threads", self.executor_threads.unwrap_or(1)),
        ];
        for (name, given) in at_least_one {
            if given == 0 {
                mistakes.push(format!(
                    "`{name}` is 0, so nothing would run; use 1 or more"
                ));
            }
        }
        if self.max_concurrent_workflow_tasks < 2 {
            mistakes.push(format!(
                "`max_concurrent_workflow_tasks` is {}, but both the task queue and the worker's own queue need one; use 2 or more",
                self.max_concurrent_workflow_tasks
            ));
        }
        self.check_build(mistakes);
        if self.deadlock_timeout.is_zero() {
            mistakes
                .push("`deadlock_timeout` is zero, so every workflow would be stuck".to_owned());
        }
    }
}

/// # Options
/// All have defaults that suit most programs.
impl Worker {
    /// Runs kept in memory between their tasks, 10,000 by default. With 0 each task replays its
    /// run's whole history.
    pub fn max_cached_workflows(mut self, n: usize) -> Self {
        self.options.max_cached_workflows = n;
        self
    }

    /// Workflow tasks in progress at a time, 200 by default.
    pub fn max_concurrent_workflow_tasks(mut self, n: usize) -> Self {
        self.options.max_concurrent_workflow_tasks = n;
        self
    }

    /// Activities in progress at a time, 200 by default.
    pub fn max_concurrent_activities(mut self, n: usize) -> Self {
        self.options.max_concurrent_activities = n;
        self
    }

    /// [Local activities](crate::workflow::LocalActivityCall) in progress at a time, 200 by default. Others wait
    /// for their turn, in the order of their calls.
    pub fn max_concurrent_local_activities(mut self, n: usize) -> Self {
        self.options.max_concurrent_local_activities = n;
        self
    }

    /// Activities that one workflow task may start on this worker at once, 3 by default: the server hands them
    /// out in its answer to the task, and they need no poll. More of a task's activities go through the task
    /// queue, so that a large fan-out keeps no work from idle workers. With 0 all of them do.
    ///
    /// Only activities of the worker's own queue that it has registered are requested, and a slot is held for
    /// each. If the worker is lost, the server retries them as any other attempt.
    pub fn max_eager_activities(mut self, n: usize) -> Self {
        self.options.max_eager_activities = n;
        self
    }

    /// Most long polls for workflow tasks at a time, 5 by default; an idle worker holds one.
    pub fn workflow_pollers(mut self, n: usize) -> Self {
        self.options.workflow_pollers = n;
        self
    }

    /// Most long polls for activities at a time, 5 by default; an idle worker holds one.
    pub fn activity_pollers(mut self, n: usize) -> Self {
        self.options.activity_pollers = n;
        self
    }

    /// Gives this worker `n` threads of its own to run workflow code on. By default the workers of a
    /// process share one thread per core. Each run stays on one thread.
    pub fn executor_threads(mut self, n: usize) -> Self {
        self.options.executor_threads = Some(n);
        self
    }

    /// Undoes [`executor_threads`](Self::executor_threads).
    #[cfg(test)]
    pub(crate) fn shared_threads(mut self) -> Self {
        self.options.executor_threads = None;
        self
    }

    /// Threads that workflow code may block before the worker stops polling for workflow tasks; by
    /// default as many as it has executor threads.
    ///
    /// A run that blocks or computes past [`deadlock_timeout`](Self::deadlock_timeout) keeps its
    /// thread until its code returns, which may be never. The thread is replaced, so the other runs are
    /// not held up, but a loop keeps a core busy. Each such run costs one thread and one slot for
    /// workflow tasks: its later tasks fail on this worker without running its code again. A worker
    /// that has lost more threads than `n` logs an error, and resumes polling when one returns.
    pub fn max_lost_threads(mut self, n: usize) -> Self {
        self.options.max_lost_threads = Some(n);
        self
    }

    /// How long a task of a cached run waits for this worker before any other may take it and
    /// replay the run; 10 seconds by default.
    pub fn sticky_timeout(mut self, d: impl Span) -> Self {
        self.options.sticky_timeout = d.into_duration();
        self
    }

    /// Who this worker is, for people who read histories; its client's identity by default.
    pub fn identity(mut self, identity: impl Text) -> Self {
        self.options.identity = identity.into_text();
        self
    }

    /// Makes the worker part of a worker deployment, as a version of it that
    /// [`build_id`](Self::build_id) names.
    ///
    /// The server then gives tasks by version: new workflows to the deployment's current version (and
    /// to the ramping one, its share), and those of a running workflow as its
    /// [versioning](Versioning) says. Each workflow declares that,
    /// `#[workflow(versioning = "pinned")]` or `"auto_upgrade"`, or the worker has a
    /// [default](Self::default_versioning). A version receives no new workflows until it is made
    /// current or ramping (`temporal worker deployment set-current-version`).
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # fn example(client: &Client) {
    /// let worker = Worker::new(client, "orders").deployment("orders").build_id("1.4.2");
    /// # }
    /// ```
    pub fn deployment(mut self, name: impl Text) -> Self {
        self.options.deployment = Some(name.into_text());
        self
    }

    /// Names the build that the worker runs, such as a version or a commit. Without a
    /// [`deployment`](Self::deployment) it is shown and routes nothing.
    pub fn build_id(mut self, id: impl Text) -> Self {
        self.options.build_id = Some(id.into_text());
        self
    }

    /// The versioning of workflows that declare none. Without it, a worker of a deployment with such
    /// workflows does not start.
    ///
    /// ```
    /// use durably::{prelude::*, worker::Versioning};
    ///
    /// # fn example(client: &Client) {
    /// let worker = Worker::new(client, "orders")
    ///     .deployment("orders")
    ///     .build_id("1.4.2")
    ///     .default_versioning(Versioning::AutoUpgrade);
    /// # }
    /// ```
    pub fn default_versioning(mut self, versioning: Versioning) -> Self {
        self.options.default_versioning = Some(versioning);
        self
    }

    /// How long running activities may take to end when the worker shuts down, 10 seconds by
    /// default. What still runs then is reported as failed, so that another worker tries it again:
    /// async bodies are dropped, and functions that block are not waited for. Local activities have five seconds: then
    /// the workflow task that waits for them is handed to another worker.
    pub fn shutdown_grace(mut self, d: impl Span) -> Self {
        self.options.shutdown_grace = d.into_duration();
        self
    }

    /// How long workflow code may keep its thread without a durable wait, 2 seconds by default.
    /// Then its task fails, with the place where it was seen last.
    ///
    /// The limit is on one activation, between two workflow tasks; the replay of a long history
    /// consists of many, and may take longer.
    pub fn deadlock_timeout(mut self, d: impl Span) -> Self {
        self.options.deadlock_timeout = d.into_duration();
        self
    }
}
