//! Name to workflow type or activity; mistakes are kept until the worker starts.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    ActivitySet, FreeActivity, Workflow, definition::ActivityFn, workflow::instance::WorkflowEntry,
};

/// What a worker can run.
#[derive(Default)]
pub(crate) struct Registry {
    workflows: BTreeMap<&'static str, WorkflowEntry>,
    activities: BTreeMap<&'static str, ActivityFn>,
    mistakes: Vec<String>,
}

impl Registry {
    pub(crate) fn add_workflow<W: Workflow>(&mut self) {
        let entry = WorkflowEntry::of::<W>();
        if self.workflows.insert(entry.name, entry).is_some() {
            self.mistakes.push(format!(
                "workflow type `{}` is registered twice; register it once, or give one of them another `name`",
                entry.name
            ));
        }
    }

    pub(crate) fn add_function<A: FreeActivity>(&mut self) {
        self.add_activity(A::NAME, Arc::new(A::__invoke));
    }

    pub(crate) fn add_set<S: ActivitySet>(&mut self, set: S) {
        Arc::new(set).__register(&mut |name, call| self.add_activity(name, call));
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
        self.workflows.get(name)
    }

    pub(crate) fn activity(&self, name: &str) -> Option<&ActivityFn> {
        self.activities.get(name)
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

    fn add_activity(&mut self, name: &'static str, call: ActivityFn) {
        if self.activities.insert(name, call).is_some() {
            self.mistakes.push(format!(
                "activity `{name}` is registered twice; register it once, or give one of them another `name`"
            ));
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a &'static str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
