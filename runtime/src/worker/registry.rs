//! Maps names to workflow types and activities. Mistakes are reported when the worker starts.

use std::{any::type_name, collections::BTreeMap, fmt, sync::Arc};

use crate::{
    data::Converter,
    definition::{ActivityFn, ActivityName, ActivitySet, FreeActivity, Workflow, is_reserved},
    driver::instance::WorkflowEntry,
    interceptor::{ActivityChain, WorkflowChain},
};

/// What to do about an activity that a worker lacks.
pub(crate) const REGISTER_ACTIVITY: &str = "Register it (`.activity::<..>()` or `.activities(..)`), or name \
    the queue of the workers that run it in the call: `.task_queue(\"..\")`";

/// What a worker can run, and how its arguments and results are converted.
#[derive(Default)]
pub(crate) struct Registry {
    /// That of the worker's client.
    pub(crate) converter: Converter,
    pub(crate) activity_interceptors: ActivityChain,
    pub(crate) workflow_interceptors: WorkflowChain,
    workflows: BTreeMap<&'static str, Registered<WorkflowEntry>>,
    activities: BTreeMap<&'static str, Registered<ActivityFn>>,
    /// Runs the types of workflows that are not in the map.
    dynamic_workflow: Option<Registered<WorkflowEntry>>,
    /// Runs the types of activities that are not in the map.
    dynamic_activity: Option<Registered<ActivityFn>>,
    mistakes: Vec<String>,
}

/// What a name stands for, and the Rust type that it came with.
struct Registered<T> {
    it: T,
    by: &'static str,
}

impl Registry {
    pub(crate) fn add_workflow<W: Workflow>(&mut self) {
        let it = WorkflowEntry::of::<W>();
        let by = type_name::<W>();
        if W::__IS_DYNAMIC {
            if let Some(before) = self.dynamic_workflow.replace(Registered { it, by }) {
                self.mistakes.push(two_dynamic("workflow", before.by, by));
            }
            return;
        }
        if let Some(before) = self.workflows.insert(it.name, Registered { it, by }) {
            self.mistakes
                .push(twice("workflow type", it.name, before.by, by));
        }
    }

    pub(crate) fn add_function<A: FreeActivity>(&mut self) {
        let name = match A::__IS_DYNAMIC {
            true => ActivityName::Dynamic,
            false => ActivityName::Named(A::NAME),
        };
        self.add_activity(name, Arc::new(A::__invoke), type_name::<A>());
    }

    pub(crate) fn add_set<S: ActivitySet>(&mut self, set: S) {
        let by = type_name::<S>();
        Arc::new(set).__register(&mut |name, call| self.add_activity(name, call, by));
    }

    /// What is wrong with the registrations, one sentence each.
    pub(crate) fn check(&self, mistakes: &mut Vec<String>) {
        mistakes.extend_from_slice(&self.mistakes);
        if !self.has_workflows() && !self.has_activities() {
            mistakes.push(
                "nothing is registered; add `.workflow::<W>()`, `.activity::<a>()` or `.activities(value)`"
                    .to_owned(),
            );
        }
    }

    /// Reports limits of activities that are not registered: a name that is misspelt limits nothing.
    pub(crate) fn check_limits(
        &self,
        limits: &BTreeMap<String, usize>,
        mistakes: &mut Vec<String>,
    ) {
        for name in limits.keys() {
            if self.activity(name).is_none() {
                mistakes.push(format!(
                    "`activity_limit` of `{name}` limits nothing, because the worker has no such activity; registered: {}",
                    self.activity_names()
                ));
            }
        }
    }

    /// Reports the workflows that declare no versioning.
    pub(crate) fn check_versioning(&self, mistakes: &mut Vec<String>) {
        let registered = self.workflows.values().chain(&self.dynamic_workflow);
        let without = registered.filter(|workflow| workflow.it.versioning.is_none());
        let without: Vec<_> = without.map(|workflow| workflow.by).collect();
        if !without.is_empty() {
            mistakes.push(format!(
                "a worker of a deployment runs workflows that declare their versioning, but these do not: {}; write `#[workflow(versioning = \"pinned\")]` or `\"auto_upgrade\"` on each, or `.default_versioning(..)` on the worker",
                listed(without.iter())
            ));
        }
    }

    pub(crate) fn workflow(&self, name: &str) -> Option<&WorkflowEntry> {
        let dynamic = self.dynamic_workflow.as_ref();
        let found = self.workflows.get(name);
        let found = found.or_else(|| dynamic.filter(|_| !is_reserved(name)));
        found.map(|found| &found.it)
    }

    pub(crate) fn activity(&self, name: &str) -> Option<&ActivityFn> {
        let dynamic = self.dynamic_activity.as_ref();
        let found = self.activities.get(name);
        let found = found.or_else(|| dynamic.filter(|_| !is_reserved(name)));
        found.map(|found| &found.it)
    }

    pub(crate) fn has_workflows(&self) -> bool {
        !self.workflows.is_empty() || self.dynamic_workflow.is_some()
    }

    pub(crate) fn has_activities(&self) -> bool {
        !self.activities.is_empty() || self.dynamic_activity.is_some()
    }

    /// The names of all workflow types, for messages.
    pub(crate) fn workflow_names(&self) -> String {
        listed(self.workflows.keys())
    }

    /// The names of all activities, for messages.
    pub(crate) fn activity_names(&self) -> String {
        listed(self.activities.keys())
    }

    fn add_activity(&mut self, name: ActivityName, it: ActivityFn, by: &'static str) {
        let name = match name {
            ActivityName::Named(name) => name,
            ActivityName::Dynamic => {
                if let Some(before) = self.dynamic_activity.replace(Registered { it, by }) {
                    self.mistakes.push(two_dynamic("activity", before.by, by));
                }
                return;
            }
        };
        if let Some(before) = self.activities.insert(name, Registered { it, by }) {
            self.mistakes.push(twice("activity", name, before.by, by));
        }
    }
}

fn two_dynamic(what: &str, before: &str, by: &str) -> String {
    format!(
        "two dynamic {what} types are registered, `{before}` and `{by}`; a worker has one, which runs all types without one of their own"
    )
}

fn twice(what: &str, name: &str, before: &str, by: &str) -> String {
    if before == by {
        format!("{what} `{name}` is registered twice, both times by `{by}`; register it once")
    } else {
        format!(
            "{what} `{name}` is registered twice, by `{before}` and by `{by}`; give one of them another name: `name = \"..\"` in its attribute"
        )
    }
}

/// Names in backticks, for messages.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a (impl fmt::Display + 'a)>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
