//! Versions of worker deployments.

use durably_history::{
    DeploymentVersion, Input, PolledBy, Rejection, Reply, Route, RoutingTarget, StartedWorkflowTask,
};
use durably_proto::api::command::v1::Command;
use durably_proto::api::deployment::v1::WorkerDeploymentOptions;
use durably_proto::api::enums::v1::{VersioningBehavior, WorkerVersioningMode};
use durably_proto::api::workflow::v1::WorkflowExecutionVersioningInfo;

use crate::case::{Case, QUEUE, completion, poll, poll_activity};
use crate::command;

fn version(build_id: &str) -> DeploymentVersion {
    DeploymentVersion {
        deployment: "orders".into(),
        build_id: build_id.into(),
    }
}

/// A poll of a build's worker, while new work goes to the build `current`.
fn polled_by(build_id: &str, current: &str, revision: i64) -> PolledBy {
    PolledBy {
        version: Some(version(build_id)),
        target: RoutingTarget {
            version: Some(version(current)),
            revision,
        },
    }
}

fn take_task(case: &mut Case, by: PolledBy) -> Result<StartedWorkflowTask, Rejection> {
    let (task_key, _) = case.offered.pop().expect("an offered task");
    let Input::StartWorkflowTask(mut start) = poll(task_key, QUEUE) else {
        unreachable!("a poll of a workflow task");
    };
    start.polled_by = by;
    match case.apply(Input::StartWorkflowTask(start))? {
        Reply::WorkflowTask(task) => Ok(*task),
        other => panic!("a started task, not {other:?}"),
    }
}

fn complete(
    case: &mut Case,
    task: &StartedWorkflowTask,
    build_id: &str,
    behavior: VersioningBehavior,
    commands: Vec<Command>,
) {
    case.ok(completion(task.token, commands, vec![], |response| {
        response.versioning_behavior = behavior.into();
        response.deployment_options = Some(WorkerDeploymentOptions {
            deployment_name: "orders".to_owned(),
            build_id: build_id.to_owned(),
            worker_versioning_mode: WorkerVersioningMode::Versioned.into(),
        });
    }));
}

fn info(case: &Case) -> WorkflowExecutionVersioningInfo {
    case.run.info().versioning_info.expect("it has a version")
}

#[test]
fn a_pinned_run_refuses_polls_of_other_versions() {
    let mut case = Case::start();
    assert_eq!(case.run.route(), Route::Unpinned(None));
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    assert!(info(&case).version_transition.is_some());
    complete(&mut case, &task, "1", VersioningBehavior::Pinned, vec![]);
    assert!(info(&case).version_transition.is_none());
    assert_eq!(info(&case).revision_number, 1);
    assert_eq!(case.run.route(), Route::Pinned(version("1")));
    case.signal("go");
    let offered = case.offered.clone();
    let refused = take_task(&mut case, polled_by("2", "2", 2));
    assert!(
        matches!(refused, Err(Rejection::TaskNotFound(_))),
        "{refused:?}"
    );
    case.offered = offered;
    assert!(take_task(&mut case, polled_by("1", "2", 2)).is_ok());
}

#[test]
fn a_run_that_upgrades_starts_no_activity_before_its_code_has_moved() {
    let mut case = Case::start();
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    let activity = vec![command::schedule_activity("a")];
    complete(
        &mut case,
        &task,
        "1",
        VersioningBehavior::AutoUpgrade,
        activity,
    );
    assert_eq!(case.run.route(), Route::Unpinned(Some(version("1"))));
    let task_key = case.activities.pop().expect("an offered activity");
    let start = |by| {
        let Input::StartActivity(mut start) = poll_activity(task_key) else {
            unreachable!("a poll of an activity task");
        };
        start.polled_by = by;
        Input::StartActivity(start)
    };
    // The poll moves the workflow, which has no task yet.
    let moved = case.ok(start(polled_by("2", "2", 2)));
    assert!(matches!(moved, Reply::Done), "{moved:?}");
    assert_eq!(case.run.route(), Route::Unpinned(Some(version("2"))));
    let waits = case.apply(start(polled_by("2", "2", 2)));
    assert!(
        matches!(waits, Err(Rejection::TaskNotFound(_))),
        "{waits:?}"
    );
    let task = take_task(&mut case, polled_by("2", "2", 2)).expect("it is taken");
    complete(
        &mut case,
        &task,
        "2",
        VersioningBehavior::AutoUpgrade,
        vec![],
    );
    assert_eq!(case.activities.len(), 1, "it is offered again");
    let started = case.ok(start(polled_by("2", "2", 2)));
    assert!(matches!(started, Reply::Activity(_)), "{started:?}");
}

#[test]
fn a_worker_of_a_pinned_run_is_informed_of_another_target_once_it_is_known() {
    let mut case = Case::start();
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    complete(&mut case, &task, "1", VersioningBehavior::Pinned, vec![]);
    let changed = |case: &mut Case, by| {
        case.signal("go");
        let task = take_task(case, by).expect("it is taken");
        complete(case, &task, "1", VersioningBehavior::Pinned, vec![]);
        let events = case.events();
        let started = events.iter().rev().find_map(|event| {
            use durably_proto::api::history::v1::history_event::Attributes;
            match &event.attributes {
                Some(Attributes::WorkflowTaskStartedEventAttributes(it)) => {
                    Some(it.target_worker_deployment_version_changed)
                }
                _ => None,
            }
        });
        started.expect("a task has started")
    };
    assert!(!changed(&mut case, polled_by("1", "1", 1)));
    assert!(changed(&mut case, polled_by("1", "2", 2)));
    // New work goes to its version again.
    assert!(!changed(&mut case, polled_by("1", "1", 3)));
}
