//! Versions of worker deployments.

use durably_history::{
    ActivityTaskKey, DeploymentVersion, Effect, Input, PolledBy, Rejection, Reply, Route,
    RoutingTarget, StartedWorkflowTask, TaskNotFound,
};
use durably_proto::api::command::v1::Command;
use durably_proto::api::common::v1::WorkerVersionStamp;
use durably_proto::api::deployment::v1::WorkerDeploymentOptions;
use durably_proto::api::enums::v1::{VersioningBehavior, WorkerVersioningMode};
use durably_proto::api::workflow::v1::versioning_override::{OneTimeOverride, Override};
use durably_proto::api::workflow::v1::{VersioningOverride, WorkflowExecutionVersioningInfo};

use crate::case::{Case, QUEUE, completion, poll, poll_activity, sticky};
use crate::command::{self, complete as complete_workflow, continue_as_new};

const NO_ACTIVITY: Rejection = Rejection::TaskNotFound(TaskNotFound::Activity);
const NO_TASK: Rejection = Rejection::TaskNotFound(TaskNotFound::Workflow);

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

/// A worker takes an offer of an activity.
fn take_activity(task_key: ActivityTaskKey, by: PolledBy) -> Input {
    let Input::StartActivity(mut start) = poll_activity(task_key) else {
        unreachable!("a poll of an activity task");
    };
    start.polled_by = by;
    Input::StartActivity(start)
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
        response.deployment_options = Some(options(build_id));
    }));
}

fn options(build_id: &str) -> WorkerDeploymentOptions {
    WorkerDeploymentOptions {
        deployment_name: "orders".to_owned(),
        build_id: build_id.to_owned(),
        worker_versioning_mode: WorkerVersioningMode::Versioned.into(),
    }
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
    let earlier = case.activities.pop().expect("an offered activity");
    // The poll moves the workflow, which has no task yet.
    let moved = case.ok(take_activity(earlier, polled_by("2", "2", 2)));
    assert!(matches!(moved, Reply::Done), "{moved:?}");
    assert_eq!(case.run.route(), Route::Unpinned(Some(version("2"))));
    let waits = case.apply(take_activity(earlier, polled_by("2", "2", 2)));
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
    let [offered] = case.activities[..] else {
        panic!("it is offered again: {:?}", case.activities);
    };
    let stale = case.apply(take_activity(earlier, polled_by("2", "2", 2)));
    assert_eq!(stale.unwrap_err(), NO_ACTIVITY);
    let started = case.ok(take_activity(offered, polled_by("2", "2", 2)));
    assert!(matches!(started, Reply::Activity(_)), "{started:?}");
    let described = case.run.describe(case.now).pending_activities;
    assert_eq!(
        described[0].last_deployment_version,
        Some(version("2").to_proto())
    );
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

#[test]
fn an_earlier_offer_of_an_activity_does_not_run_on_the_version_that_the_workflow_left() {
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
    let earlier = case.activities.pop().expect("an offered activity");
    case.signal("go");
    let task = take_task(&mut case, polled_by("2", "2", 2)).expect("it is taken");
    complete(&mut case, &task, "2", VersioningBehavior::Pinned, vec![]);
    assert_eq!(case.run.route(), Route::Pinned(version("2")));
    // It waits in the queue of the first version until a poll takes it.
    let stale = case.apply(take_activity(earlier, polled_by("1", "2", 2)));
    assert_eq!(stale.unwrap_err(), NO_ACTIVITY);
    // What is offered after a restart is the latest offer.
    let waiting = case.run.pending_tasks().into_iter();
    let waiting: Vec<_> = waiting
        .filter_map(|effect| match effect {
            Effect::DispatchActivity { task_key, .. } => Some(task_key),
            _ => None,
        })
        .collect();
    assert_eq!(waiting, case.activities);
    let started = case.ok(take_activity(waiting[0], polled_by("2", "2", 2)));
    assert!(matches!(started, Reply::Activity(_)), "{started:?}");
}

#[test]
fn a_task_that_waits_for_the_sticky_worker_is_offered_anew_when_an_activity_moves_the_workflow() {
    let mut case = Case::start();
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    case.ok(completion(
        task.token,
        vec![command::schedule_activity("a")],
        vec![],
        |response| {
            sticky(response);
            response.versioning_behavior = VersioningBehavior::AutoUpgrade.into();
            response.deployment_options = Some(options("1"));
        },
    ));
    case.signal("go");
    let [sticky_offer] = &case.offered[..] else {
        panic!("one task is offered: {:?}", case.offered);
    };
    let sticky_offer = sticky_offer.clone();
    let activity = case.activities.pop().expect("an offered activity");
    case.ok(take_activity(activity, polled_by("2", "2", 2)));
    let anew = case.offered.clone();
    assert_eq!(anew.len(), 2, "{anew:?}");
    case.offered = vec![sticky_offer];
    let late = take_task(&mut case, polled_by("1", "2", 2));
    assert_eq!(late.unwrap_err(), NO_TASK);
    case.offered = anew;
    assert!(take_task(&mut case, polled_by("2", "2", 2)).is_ok());
}

#[test]
fn lists_show_the_version_of_a_later_run_once_it_has_completed_a_task() {
    let mut case = Case::start();
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    let next = vec![continue_as_new(|_| {})];
    complete(&mut case, &task, "1", VersioningBehavior::Pinned, next);
    let mut case = case.next_run();
    case.ring();
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    complete(&mut case, &task, "1", VersioningBehavior::Pinned, vec![]);
    let is_shown = |case: &Case| {
        let mut effects = case.effects.iter();
        effects.any(|effect| matches!(effect, Effect::VisibilityChanged))
    };
    assert!(is_shown(&case), "{:?}", case.effects);
    assert_eq!(attribute(&case, USED), Some(r#"["orders:1"]"#.to_owned()));
    case.signal("go");
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    complete(&mut case, &task, "1", VersioningBehavior::Pinned, vec![]);
    assert!(!is_shown(&case), "nothing is new: {:?}", case.effects);
}

#[test]
fn lists_show_builds_of_stamps_only() {
    let mut case = Case::start();
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    complete(&mut case, &task, "1", VersioningBehavior::Pinned, vec![]);
    let builds = attribute(&case, BUILDS);
    assert_eq!(builds, Some(r#"["pinned:orders:1"]"#.to_owned()));

    let mut case = Case::start();
    let task = take_task(&mut case, polled_by("1", "1", 1)).expect("it is taken");
    let next = vec![complete_workflow("done")];
    complete(&mut case, &task, "1", VersioningBehavior::AutoUpgrade, next);
    assert_eq!(attribute(&case, BUILDS), None);

    // Workers outside of deployments, in two runs of a chain; the second has another name.
    let mut case = Case::start();
    for deployment in ["orders", "invoices"] {
        let task = take_task(&mut case, PolledBy::default()).expect("it is taken");
        case.ok(completion(
            task.token,
            vec![continue_as_new(|_| {})],
            vec![],
            |response| {
                #[expect(deprecated, reason = "workers still send it")]
                let stamp = &mut response.worker_version_stamp;
                *stamp = Some(WorkerVersionStamp {
                    build_id: "one".to_owned(),
                    use_versioning: false,
                });
                response.deployment_options = Some(WorkerDeploymentOptions {
                    deployment_name: deployment.to_owned(),
                    build_id: "one".to_owned(),
                    worker_versioning_mode: WorkerVersioningMode::Unversioned.into(),
                });
            },
        ));
        let builds = attribute(&case, BUILDS);
        let expected = r#"["unversioned","unversioned:one"]"#;
        assert_eq!(builds, Some(expected.to_owned()), "of {deployment}");
        let named = attribute(&case, "TemporalWorkerDeployment");
        assert_eq!(named, Some(format!("{deployment:?}")));
        case = case.next_run();
        case.ring();
    }
}

#[test]
fn an_override_moves_a_run_once() {
    let once = VersioningOverride {
        r#override: Some(Override::OneTime(OneTimeOverride {
            target_deployment_version: Some(version("2").to_proto()),
        })),
        ..VersioningOverride::default()
    };
    let mut case = Case::start_with(|request| request.versioning_override = Some(once.clone()));
    assert_eq!(case.run.route(), Route::Pinned(version("2")));
    assert_eq!(info(&case).versioning_override, Some(once));
    let task = take_task(&mut case, polled_by("2", "1", 1)).expect("it is taken");
    complete(
        &mut case,
        &task,
        "2",
        VersioningBehavior::AutoUpgrade,
        vec![],
    );
    assert_eq!(info(&case).versioning_override, None);
    assert_eq!(case.run.route(), Route::Unpinned(Some(version("2"))));
}

#[test]
fn a_child_with_an_override_that_is_not_whole_is_a_bad_command() {
    let mut case = Case::start();
    case.skip();
    let task = case.poll();
    let child = command::start_child_with("child", |child| {
        child.versioning_override = Some(VersioningOverride::default());
    });
    let reply = case.ok(completion(task.token, vec![child], vec![], |_| {}));
    let Reply::WorkflowTaskRefused { message, .. } = reply else {
        panic!("a refused task, not {reply:?}");
    };
    assert_eq!(
        message,
        "BadStartChildExecutionAttributes: override behavior is required"
    );
}

/// A search attribute of the run, as JSON.
fn attribute(case: &Case, name: &str) -> Option<String> {
    let attributes = case.run.info().search_attributes.unwrap_or_default();
    let value = attributes.indexed_fields.get(name)?;
    Some(String::from_utf8_lossy(&value.data).into_owned())
}

const BUILDS: &str = "BuildIds";
const USED: &str = "TemporalUsedWorkerDeploymentVersions";
