//! The options of a worker: as data, as methods of the worker, and with their defaults.

mod config;
mod limits;
mod setters;

use std::{collections::BTreeMap, num::NonZero, thread, time::Duration};

pub(crate) use self::limits::{ResolvedPollers, ResolvedSlots, ResolvedTargets};
pub use self::{
    config::WorkerOptions,
    limits::{
        IntoPollerLimit, IntoSlotLimit, PollerLimit, ResourceSlots, ResourceTargets, ScaledPollers,
        SlotLimit,
    },
};
use crate::wire::deployment::{DeploymentVersion, Versioning, WorkerBuild};

/// The least pause between two heartbeats of a worker: each is a request, and the server keeps one a worker.
const SHORTEST_HEARTBEAT: Duration = Duration::from_secs(1);
/// The most there may be of anything that has a limit: the number of slots of the largest semaphore is not less.
const MOST: usize = 1_000_000;

/// How a worker runs.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Runs kept in memory between their tasks; 0 replays history for each task.
    pub(crate) max_cached_workflows: usize,
    /// Workflow tasks in progress: polled and not yet answered.
    pub(crate) workflow_slots: SlotLimit,
    /// Activity attempts in progress.
    pub(crate) activity_slots: SlotLimit,
    /// Attempts of local activities in progress.
    pub(crate) local_activity_slots: SlotLimit,
    /// How much of the machine may be in use for another slot of those it decides about.
    pub(crate) resource_targets: ResolvedTargets,
    /// Attempts in progress of single activity types.
    pub(crate) activity_limits: BTreeMap<String, usize>,
    /// Activities that the worker begins in a second.
    pub(crate) max_activities_per_second: Option<f64>,
    /// Activities that the server hands out in a second, to all workers of the queue together.
    pub(crate) max_task_queue_activities_per_second: Option<f64>,
    /// Activities that one workflow task may start on this worker without a poll.
    pub(crate) max_eager_activities: usize,
    /// Long polls for workflow tasks at a time, for each of the two queues.
    pub(crate) workflow_pollers: PollerLimit,
    /// Long polls for activity tasks at a time.
    pub(crate) activity_pollers: PollerLimit,
    /// Threads that run workflow code of this worker only; none for those that the workers of the
    /// process share.
    pub(crate) executor_threads: Option<usize>,
    /// Threads that workflow code may block before no more workflow tasks are polled.
    pub(crate) max_lost_threads: usize,
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
    /// How long the whole shutdown may take; none for as long as its steps take.
    pub(crate) shutdown_deadline: Option<Duration>,
    /// How long one activation of workflow code may take.
    pub(crate) deadlock_timeout: Duration,
    /// The pause between two heartbeats of the worker; zero for none at all.
    pub(crate) heartbeat_interval: Duration,
}

/// The kinds of tasks that slots are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotKind {
    WorkflowTask,
    Activity,
    LocalActivity,
}

impl SlotKind {
    pub(crate) fn resolve(self, slots: ResourceSlots) -> ResolvedSlots {
        match self {
            Self::WorkflowTask => slots.resolved(5, Duration::ZERO),
            Self::Activity | Self::LocalActivity => slots.resolved(1, Duration::from_millis(50)),
        }
    }
}

impl Options {
    /// What is set, and the defaults of the rest.
    pub(crate) fn of(set: WorkerOptions, client_identity: &str) -> Self {
        let slots = |set: Option<SlotLimit>| set.unwrap_or(SlotLimit::Fixed(200));
        let pollers = |set: Option<PollerLimit>| set.unwrap_or(PollerLimit::UpTo(5));
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            max_cached_workflows: set.max_cached_workflows.unwrap_or(10_000),
            workflow_slots: slots(set.max_concurrent_workflow_tasks),
            activity_slots: slots(set.max_concurrent_activities),
            local_activity_slots: slots(set.max_concurrent_local_activities),
            resource_targets: set.resource_targets.unwrap_or_default().resolved(),
            activity_limits: set.activity_limits,
            max_activities_per_second: set.max_activities_per_second,
            max_task_queue_activities_per_second: set.max_task_queue_activities_per_second,
            max_eager_activities: set.max_eager_activities.unwrap_or(3),
            workflow_pollers: pollers(set.workflow_pollers),
            activity_pollers: pollers(set.activity_pollers),
            executor_threads: set.executor_threads,
            max_lost_threads: set
                .max_lost_threads
                .or(set.executor_threads)
                .unwrap_or_else(cores),
            sticky_timeout: set.sticky_timeout.unwrap_or(Duration::from_secs(10)),
            identity: set.identity.unwrap_or_else(|| client_identity.to_owned()),
            deployment: set.deployment,
            build_id: set.build_id,
            default_versioning: set.default_versioning,
            shutdown_grace: set.shutdown_grace.unwrap_or(Duration::from_secs(10)),
            shutdown_deadline: set.shutdown_deadline,
            deadlock_timeout: set.deadlock_timeout.unwrap_or(Duration::from_secs(2)),
            heartbeat_interval: set.heartbeat_interval.unwrap_or(Duration::from_secs(60)),
        }
    }

    /// Whether the machine decides about any slots.
    pub(crate) fn use_machine(&self) -> bool {
        let slots = [
            self.workflow_slots,
            self.activity_slots,
            self.local_activity_slots,
        ];
        slots
            .iter()
            .any(|slots| matches!(slots, SlotLimit::ByResources(_)))
    }

    /// The pollers of each of the two queues of workflow tasks. A poll holds a permit while it waits, so the polls
    /// of one queue must leave one for the other.
    pub(crate) fn pollers_of_each_workflow_queue(&self) -> PollerLimit {
        let slots = match self.workflow_slots {
            SlotLimit::Fixed(n) => n,
            SlotLimit::ByResources(slots) => SlotKind::WorkflowTask.resolve(slots).most,
        };
        let most = slots.saturating_sub(1).max(1);
        match self.workflow_pollers {
            PollerLimit::UpTo(n) => PollerLimit::UpTo(n.min(most)),
            PollerLimit::Scaled(pollers) => {
                let ResolvedPollers { min, max, initial } = pollers.resolved();
                let pollers = ScaledPollers::new().min(min.min(most)).max(max.min(most));
                PollerLimit::Scaled(pollers.initial(initial.min(most)))
            }
        }
    }

    /// Activities that one workflow task may start here. A limit on the rate of the queue is the server's to keep,
    /// and one of this worker is kept where it polls: neither knows activities that come without a poll.
    pub(crate) fn eager_activities(&self) -> usize {
        let limits = [
            self.max_activities_per_second,
            self.max_task_queue_activities_per_second,
        ];
        match limits {
            [None, None] => self.max_eager_activities,
            [Some(_), _] | [None, Some(_)] => 0,
        }
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
        let slots = [
            (SlotKind::WorkflowTask, self.workflow_slots),
            (SlotKind::Activity, self.activity_slots),
            (SlotKind::LocalActivity, self.local_activity_slots),
        ];
        for (kind, limit) in slots {
            check_slots(kind, limit, mistakes);
        }
        self.check_targets(mistakes);
        check_pollers("workflow_pollers", self.workflow_pollers, mistakes);
        check_pollers("activity_pollers", self.activity_pollers, mistakes);
        for (name, given) in &self.activity_limits {
            at_least_one(&format!("`activity_limit` of `{name}`"), *given, mistakes);
        }
        if let Some(threads) = self.executor_threads {
            at_least_one("`executor_threads`", threads, mistakes);
        }
        let rates = [
            ("max_activities_per_second", self.max_activities_per_second),
            (
                "max_task_queue_activities_per_second",
                self.max_task_queue_activities_per_second,
            ),
        ];
        for (name, rate) in rates {
            let Some(rate) = rate else { continue };
            if !(rate > 0.0 && rate.is_finite()) {
                mistakes.push(format!(
                    "`{name}` is {rate}; use a number above 0, or leave it out for no limit"
                ));
            }
        }
        self.check_build(mistakes);
        if self.deadlock_timeout.is_zero() {
            mistakes
                .push("`deadlock_timeout` is zero, so every workflow would be stuck".to_owned());
        }
        let interval = self.heartbeat_interval;
        if !interval.is_zero() && interval < SHORTEST_HEARTBEAT {
            mistakes.push(format!(
                "`heartbeat_interval` is {interval:?}; use a second or more, or zero for no heartbeats"
            ));
        }
    }

    fn check_targets(&self, mistakes: &mut Vec<String>) {
        let ResolvedTargets { memory, cpu } = self.resource_targets;
        for (name, target) in [("memory", memory), ("cpu", cpu)] {
            if !(target > 0.0 && target <= 1.0) {
                mistakes.push(format!(
                    "`resource_targets` has {target} for `{name}`; use a part of the machine, above 0 and up to 1"
                ));
            }
        }
    }
}

fn at_least_one(what: &str, given: usize, mistakes: &mut Vec<String>) {
    match given {
        0 => mistakes.push(format!("{what} is 0, so nothing would run; use 1 or more")),
        1..=MOST => {}
        more => mistakes.push(format!("{what} is {more}; use {MOST} or less")),
    }
}

fn check_slots(kind: SlotKind, limit: SlotLimit, mistakes: &mut Vec<String>) {
    let option = match kind {
        SlotKind::WorkflowTask => "max_concurrent_workflow_tasks",
        SlotKind::Activity => "max_concurrent_activities",
        SlotKind::LocalActivity => "max_concurrent_local_activities",
    };
    let (given, most) = match limit {
        SlotLimit::Fixed(n) => (format!("`{option}`"), n),
        SlotLimit::ByResources(slots) => {
            let slots = kind.resolve(slots);
            if slots.least > slots.most {
                mistakes.push(format!(
                    "`{option}` has a minimum of {} and a maximum of {}; the minimum cannot be larger",
                    slots.least, slots.most
                ));
            }
            at_least_one(&format!("`min` of `{option}`"), slots.least, mistakes);
            (format!("`max` of `{option}`"), slots.most)
        }
    };
    match kind {
        SlotKind::WorkflowTask if most < 2 => mistakes.push(format!(
            "{given} is {most}, but both the task queue and the worker's own queue need one; use 2 or more"
        )),
        SlotKind::WorkflowTask | SlotKind::Activity | SlotKind::LocalActivity => {
            at_least_one(&given, most, mistakes);
        }
    }
}

fn check_pollers(option: &str, limit: PollerLimit, mistakes: &mut Vec<String>) {
    let ResolvedPollers { min, max, initial } = match limit {
        PollerLimit::UpTo(n) => return at_least_one(&format!("`{option}`"), n, mistakes),
        PollerLimit::Scaled(scaled) => scaled.resolved(),
    };
    at_least_one(&format!("`min` of `{option}`"), min, mistakes);
    at_least_one(&format!("`max` of `{option}`"), max, mistakes);
    if min > max {
        mistakes.push(format!(
            "`{option}` has a minimum of {min} and a maximum of {max}; the minimum cannot be larger"
        ));
    } else if !(min..=max).contains(&initial) {
        mistakes.push(format!(
            "`{option}` begins with {initial}, which is not between its minimum of {min} and its maximum of {max}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(set: WorkerOptions) -> Vec<String> {
        let mut mistakes = Vec::new();
        Options::of(set, "me").check(&mut mistakes);
        mistakes
    }

    #[test]
    fn the_defaults_are_right_and_so_are_those_of_limits() {
        let set = WorkerOptions {
            max_concurrent_workflow_tasks: Some(SlotLimit::ByResources(ResourceSlots::new())),
            max_concurrent_activities: Some(SlotLimit::ByResources(ResourceSlots::new())),
            workflow_pollers: Some(PollerLimit::Scaled(ScaledPollers::new())),
            ..WorkerOptions::default()
        };
        assert_eq!(mistakes(set), [] as [&str; 0]);
        assert_eq!(mistakes(WorkerOptions::default()), [] as [&str; 0]);
    }

    #[test]
    fn each_mistake_has_a_sentence() {
        let set = WorkerOptions {
            max_concurrent_workflow_tasks: Some(SlotLimit::Fixed(1)),
            max_concurrent_activities: Some(SlotLimit::ByResources(
                ResourceSlots::new().min(9).max(3),
            )),
            max_concurrent_local_activities: Some(SlotLimit::Fixed(0)),
            resource_targets: Some(ResourceTargets::new().memory(f64::NAN).cpu(1.5)),
            activity_limits: [("charge".to_owned(), 0)].into(),
            max_activities_per_second: Some(-1.0),
            max_task_queue_activities_per_second: Some(f64::NAN),
            workflow_pollers: Some(PollerLimit::UpTo(0)),
            activity_pollers: Some(PollerLimit::Scaled(ScaledPollers::new().min(9).max(3))),
            executor_threads: Some(0),
            deadlock_timeout: Some(Duration::ZERO),
            heartbeat_interval: Some(Duration::from_millis(10)),
            ..WorkerOptions::default()
        };
        let expected = [
            "`max_concurrent_workflow_tasks` is 1, but both the task queue and the worker's own queue need one; use 2 or more",
            "`max_concurrent_activities` has a minimum of 9 and a maximum of 3; the minimum cannot be larger",
            "`max_concurrent_local_activities` is 0, so nothing would run; use 1 or more",
            "`resource_targets` has NaN for `memory`; use a part of the machine, above 0 and up to 1",
            "`resource_targets` has 1.5 for `cpu`; use a part of the machine, above 0 and up to 1",
            "`workflow_pollers` is 0, so nothing would run; use 1 or more",
            "`activity_pollers` has a minimum of 9 and a maximum of 3; the minimum cannot be larger",
            "`activity_limit` of `charge` is 0, so nothing would run; use 1 or more",
            "`executor_threads` is 0, so nothing would run; use 1 or more",
            "`max_activities_per_second` is -1; use a number above 0, or leave it out for no limit",
            "`max_task_queue_activities_per_second` is NaN; use a number above 0, or leave it out for no limit",
            "`deadlock_timeout` is zero, so every workflow would be stuck",
            "`heartbeat_interval` is 10ms; use a second or more, or zero for no heartbeats",
        ];
        assert_eq!(mistakes(set), expected);
    }

    #[test]
    fn a_limit_that_no_machine_reaches_is_a_mistake() {
        let set = WorkerOptions {
            max_concurrent_activities: Some(SlotLimit::Fixed(usize::MAX)),
            activity_pollers: Some(PollerLimit::Scaled(ScaledPollers::new().initial(500))),
            workflow_pollers: Some(PollerLimit::Scaled(ScaledPollers::new().min(0))),
            max_activities_per_second: Some(f64::INFINITY),
            ..WorkerOptions::default()
        };
        let expected = [
            format!(
                "`max_concurrent_activities` is {}; use {MOST} or less",
                usize::MAX
            ),
            "`min` of `workflow_pollers` is 0, so nothing would run; use 1 or more".to_owned(),
            "`activity_pollers` begins with 500, which is not between its minimum of 1 and its maximum of 100".to_owned(),
            "`max_activities_per_second` is inf; use a number above 0, or leave it out for no limit".to_owned(),
        ];
        assert_eq!(mistakes(set), expected);
    }

    #[test]
    fn the_polls_of_one_workflow_queue_leave_a_slot_to_the_other() {
        let of = |slots: usize, pollers: PollerLimit| {
            let set = WorkerOptions {
                max_concurrent_workflow_tasks: Some(SlotLimit::Fixed(slots)),
                workflow_pollers: Some(pollers),
                ..WorkerOptions::default()
            };
            Options::of(set, "me").pollers_of_each_workflow_queue()
        };
        assert_eq!(of(3, PollerLimit::UpTo(9)), PollerLimit::UpTo(2));
        assert_eq!(of(200, PollerLimit::UpTo(9)), PollerLimit::UpTo(9));
        let scaled = ScaledPollers::new().min(2).max(2).initial(2);
        let wide = ScaledPollers::new().min(4).max(50).initial(8);
        assert_eq!(
            of(3, PollerLimit::Scaled(wide)),
            PollerLimit::Scaled(scaled)
        );
    }

    #[test]
    fn a_rate_limit_leaves_no_activity_without_a_poll() {
        let of = |worker, queue| {
            let set = WorkerOptions {
                max_activities_per_second: worker,
                max_task_queue_activities_per_second: queue,
                ..WorkerOptions::default()
            };
            Options::of(set, "me").eager_activities()
        };
        assert_eq!(
            [of(None, None), of(Some(1.0), None), of(None, Some(1.0))],
            [3, 0, 0]
        );
    }
}
