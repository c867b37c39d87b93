//! Finds options that cannot work, before a worker starts.

use std::time::Duration;

use super::{Options, PollerLimit, ResolvedPollers, ResolvedTargets, SlotKind, SlotLimit};

/// The least pause between two heartbeats of a worker: each is a request, and the server keeps one a worker.
const SHORTEST_HEARTBEAT: Duration = Duration::from_secs(1);
/// The most there may be of anything that has a limit: the number of slots of the largest semaphore is not less.
const MOST: usize = 1_000_000;

impl Options {
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
    use crate::worker::options::{ResourceSlots, ResourceTargets, ScaledPollers, WorkerOptions};

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
}
