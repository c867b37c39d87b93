//! Maps names to workflow types and activities. Mistakes are reported when the worker starts.

use std::{any::type_name, collections::BTreeMap, fmt, sync::Arc};

use crate::{
    data::Converter,
    definition::{ActivityFn, ActivitySet, FreeActivity, Workflow},
    driver::instance::WorkflowEntry,
};

/// What to do about an activity that a worker lacks.
pub(crate) const REGISTER_ACTIVITY: &str = "Register it (`.activity::<..>()` or `.activities(..)`), or name \
    the queue of the workers that run it in the call: `.task_queue(\"..\")`";

/// What a worker can run, and how its arguments and results are converted.
#[derive(Default)]
pub(crate) struct Registry {
    /// That of the worker's client.
    pub(crate) converter: Converter,
    workflows: BTreeMap<&'static str, Registered<WorkflowEntry>>,
    activities: BTreeMap<&'static str, Registered<ActivityFn>>,
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
        if let Some(before) = self.workflows.insert(it.name, Registered { it, by }) {
            self.mistakes
                .push(twice("workflow type", it.name, before.by, by));
        }
    }

    pub(crate) fn add_function<A: FreeActivity>(&mut self) {
        self.add_activity(A::NAME, Arc::new(A::__invoke), type_name::<A>());
    }

    pub(crate) fn add_set<S: ActivitySet>(&mut self, set: S) {
        let by = type_name::<S>();
        Arc::new(set).__register(&mut |name, call| self.add_activity(name, call, by));
    }

    /// What is wrong with the registrations, one sentence each.
    pub(crate) fn check(&self, mistakes: &mut Vec<String>) {
        mistakes.extend_from_slice(&self.mistakes);
        if self.workflows.is_empty() && self.activities.is_empty() {
            mistakes.push(
                "nothing is registered; add `.workflow::<W>()`, `.activity::<a>()` or `.activities(value)`"
                    .to_owned(),
            );
        }
    }

    pub(crate) fn workflow(&self, name: &str) -> Option<&WorkflowEntry> {
        self.workflows.get(name).map(|found| &found.it)
    }

    pub(crate) fn activity(&self, name: &str) -> Option<&ActivityFn> {
        self.activities.get(name).map(|found| &found.it)
    }

    pub(crate) fn has_workflows(&self) -> bool {
        !self.workflows.is_empty()
    }

    pub(crate) fn has_activities(&self) -> bool {
        !self.activities.is_empty()
    }

    /// The names of all workflow types, for messages.
    pub(crate) fn workflow_names(&self) -> String {
        listed(self.workflows.keys())
    }

    /// The names of all activities, for messages.
    pub(crate) fn activity_names(&self) -> String {
        listed(self.activities.keys())
    }

    fn add_activity(&mut self, name: &'static str, it: ActivityFn, by: &'static str) {
        if let Some(before) = self.activities.insert(name, Registered { it, by }) {
            self.mistakes.push(twice("activity", name, before.by, by));
        }
    }
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
