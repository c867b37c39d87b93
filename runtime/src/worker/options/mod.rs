//! The options of a worker: as data, as methods of the worker, and with their defaults.

mod check;
mod config;
mod number_or_table;
mod pollers;
mod setters;
mod slots;

use std::{collections::BTreeMap, num::NonZero, thread, time::Duration};

pub use self::{
    config::WorkerOptions,
    pollers::{IntoPollerLimit, PollerLimit, ScaledPollers},
    slots::{IntoSlotLimit, ResourceSlots, ResourceTargets, SlotLimit},
};
pub(crate) use self::{
    pollers::ResolvedPollers,
    slots::{ResolvedSlots, ResolvedTargets},
};
use crate::wire::{
    deployment::{DeploymentVersion, Versioning, WorkerBuild},
    sizes::{SizeChecks, SizeLimits, WARNINGS},
};

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
    /// The size options; the limits are those of the namespace.
    pub(crate) sizes: SizeOptions,
    /// The pause between two heartbeats of the worker; zero for none at all.
    pub(crate) heartbeat_interval: Duration,
}

/// The size options of a worker, without the limits of its namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeOptions {
    /// Whether it sends nothing that the server would refuse.
    pub(crate) are_checked: bool,
    /// From which bytes on it warns; zero for never.
    pub(crate) warnings: SizeLimits,
}

impl SizeOptions {
    /// The checks in a namespace with these limits.
    pub(crate) fn in_namespace(self, limits: SizeLimits) -> SizeChecks {
        SizeChecks {
            warnings: self.warnings,
            limits: self.are_checked.then_some(limits),
        }
    }
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
            sizes: SizeOptions {
                are_checked: set.check_payload_sizes.unwrap_or(true),
                warnings: SizeLimits {
                    payloads: set.payload_size_warning.unwrap_or(WARNINGS.payloads),
                    memo: set.memo_size_warning.unwrap_or(WARNINGS.memo),
                },
            },
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `10,000`.
    fn count(n: usize) -> String {
        match n {
            0..1_000 => n.to_string(),
            _ => format!("{},{:03}", n / 1_000, n % 1_000),
        }
    }

    fn slots(limit: SlotLimit) -> String {
        match limit {
            SlotLimit::Fixed(n) => count(n),
            SlotLimit::ByResources(slots) => format!("{slots:?}"),
        }
    }

    fn pollers(limit: PollerLimit) -> String {
        match limit {
            PollerLimit::UpTo(n) => count(n),
            PollerLimit::Scaled(pollers) => format!("{pollers:?}"),
        }
    }

    fn seconds(duration: Duration) -> String {
        format!("{} s", duration.as_secs_f64())
    }

    fn or_none<T>(value: Option<T>, shown: impl FnOnce(T) -> String) -> String {
        value.map_or_else(|| "none".to_owned(), shown)
    }

    /// The options of the guide's table, with their defaults as it writes them.
    fn defaults() -> BTreeMap<&'static str, String> {
        let client = "the client's";
        let Options {
            max_cached_workflows,
            workflow_slots,
            activity_slots,
            local_activity_slots,
            resource_targets: ResolvedTargets { memory, cpu },
            activity_limits,
            max_activities_per_second,
            max_task_queue_activities_per_second,
            max_eager_activities,
            workflow_pollers,
            activity_pollers,
            executor_threads,
            max_lost_threads,
            sticky_timeout,
            identity,
            deployment,
            build_id,
            default_versioning,
            shutdown_grace,
            shutdown_deadline,
            deadlock_timeout,
            sizes:
                SizeOptions {
                    are_checked,
                    warnings,
                },
            heartbeat_interval,
        } = Options::of(WorkerOptions::default(), client);
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let lost = match max_lost_threads == cores {
            true => "as many as executor threads".to_owned(),
            false => count(max_lost_threads),
        };
        let executor = executor_threads.map_or_else(
            || "one per core, shared by the workers of the process".to_owned(),
            count,
        );
        let limits = (!activity_limits.is_empty()).then_some(activity_limits);
        BTreeMap::from([
            ("max_cached_workflows", count(max_cached_workflows)),
            ("max_concurrent_workflow_tasks", slots(workflow_slots)),
            ("max_concurrent_activities", slots(activity_slots)),
            (
                "max_concurrent_local_activities",
                slots(local_activity_slots),
            ),
            (
                "resource_targets",
                format!("{memory} of memory, {cpu} of CPU"),
            ),
            (
                "activity_limit(name, n)",
                or_none(limits, |it| format!("{it:?}")),
            ),
            (
                "max_activities_per_second",
                or_none(max_activities_per_second, |it| it.to_string()),
            ),
            (
                "max_task_queue_activities_per_second",
                or_none(max_task_queue_activities_per_second, |it| it.to_string()),
            ),
            ("max_eager_activities", count(max_eager_activities)),
            ("workflow_pollers", pollers(workflow_pollers)),
            ("activity_pollers", pollers(activity_pollers)),
            ("executor_threads", executor),
            ("max_lost_threads", lost),
            ("sticky_timeout", seconds(sticky_timeout)),
            ("identity", identity),
            ("deployment", or_none(deployment, |it| it)),
            ("build_id", or_none(build_id, |it| it)),
            (
                "default_versioning",
                or_none(default_versioning, |it| format!("{it:?}")),
            ),
            ("shutdown_grace", seconds(shutdown_grace)),
            ("shutdown_deadline", or_none(shutdown_deadline, seconds)),
            ("deadlock_timeout", seconds(deadlock_timeout)),
            ("check_payload_sizes", are_checked.to_string()),
            ("payload_size_warning", count(warnings.payloads)),
            ("memo_size_warning", count(warnings.memo)),
            ("heartbeat_interval", seconds(heartbeat_interval)),
        ])
    }

    #[test]
    fn the_guide_names_all_options_with_their_defaults() {
        let guide = include_str!("../../docs/guide.md");
        let (_, table) = guide
            .split_once("| option | default | what it sets |\n|---|---|---|\n")
            .expect("the guide has the table");
        let mut named = BTreeMap::new();
        for row in table.lines().take_while(|line| line.starts_with('|')) {
            let mut cells = row.split('|').map(str::trim).skip(1);
            let names = cells.next().expect("a row begins with names");
            let default = cells.next().expect("a row has a default");
            for name in names.split("`, `") {
                named.insert(name.trim_matches('`'), default.to_owned());
            }
        }
        assert_eq!(named, defaults());
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
