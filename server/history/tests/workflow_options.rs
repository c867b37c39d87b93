//! Options of a run that are changed while it is open.

use durably_history::{Effect, Input, Invalid, Rejection, Reply, UpdateOptions};
use durably_proto::api::common::v1::Priority;
use durably_proto::api::deployment::v1::WorkerDeploymentVersion;
use durably_proto::api::workflow::v1::versioning_override::{
    Override, PinnedOverride, PinnedOverrideBehavior,
};
use durably_proto::api::workflow::v1::{VersioningOverride, WorkflowExecutionOptions};
use durably_proto::wkt::FieldMask;

use crate::case::{Case, completion, sticky};
use crate::command::{schedule_activity, start_timer};

fn update(fields: &[&str], options: WorkflowExecutionOptions) -> Input {
    Input::UpdateOptions(Box::new(UpdateOptions {
        options,
        mask: FieldMask {
            paths: fields.iter().map(ToString::to_string).collect(),
        },
        identity: "operator".to_owned(),
    }))
}

fn key(priority_key: i32) -> WorkflowExecutionOptions {
    WorkflowExecutionOptions {
        priority: Some(Priority {
            priority_key,
            ..Priority::default()
        }),
        ..Default::default()
    }
}

fn pinned() -> WorkflowExecutionOptions {
    let version = WorkerDeploymentVersion {
        deployment_name: "orders".to_owned(),
        build_id: "2".to_owned(),
    };
    WorkflowExecutionOptions {
        versioning_override: Some(VersioningOverride {
            r#override: Some(Override::Pinned(PinnedOverride {
                behavior: PinnedOverrideBehavior::Pinned.into(),
                version: Some(version),
            })),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn changed(reply: Reply) -> bool {
    match reply {
        Reply::WorkflowOptions { changed, .. } => changed,
        other => panic!("the options, not {other:?}"),
    }
}

#[test]
fn a_new_priority_is_recorded_once_and_offers_the_waiting_task_again() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.signal("go");
    case.skip();
    assert!(changed(case.ok(update(&["priority"], key(1)))));
    let offers = case.effects.iter();
    let offers = offers.filter(|effect| matches!(effect, Effect::DispatchWorkflowTask { .. }));
    assert_eq!(offers.count(), 1);
    assert_eq!(case.run.priority().priority_key, 1);
    // The activity inherits it.
    assert_eq!(
        case.start_activity().priority.map(|it| it.priority_key),
        Some(1)
    );
    let transitions = case.run.info().state_transition_count;
    assert!(!changed(case.ok(update(&["priority"], key(1)))));
    assert_eq!(case.run.info().state_transition_count, transitions);
    case.expect(&["8 workflow_execution_options_updated attached="]);
}

#[test]
fn an_event_does_not_take_the_priority_away() {
    let mut case = Case::start();
    case.ok(update(&["priority.priority_key"], key(1)));
    assert!(changed(
        case.ok(update(&["priority"], WorkflowExecutionOptions::default()))
    ));
    assert_eq!(case.run.priority().priority_key, 1);
}

#[test]
fn an_override_moves_the_run_out_of_the_cache_of_its_worker() {
    let mut case = Case::start();
    let task = case.poll();
    let commands = vec![start_timer("t", 100), schedule_activity("1")];
    case.ok(completion(task.token, commands, Vec::new(), sticky));
    let offered = case.activities[0];
    case.signal("go");
    assert!(changed(case.ok(update(&["versioning_override"], pinned()))));
    let (_, queue) = case.offered.last().expect("it is offered again");
    assert_eq!(queue.name(), crate::case::QUEUE);
    assert_ne!(case.activities.last(), Some(&offered));
    let info = case.run.info();
    assert_eq!(info.worker_deployment_name, "orders");
    let versioning = info.versioning_info.expect("it has an override");
    assert!(versioning.versioning_override.is_some());
    let cleared = WorkflowExecutionOptions::default();
    assert!(changed(case.ok(update(&["versioning_override"], cleared))));
    assert_eq!(case.run.info().worker_deployment_name, "");
}

#[test]
fn an_update_during_a_task_is_recorded_after_it() {
    let mut case = Case::start();
    let task = case.poll();
    case.skip();
    case.ok(update(&["priority"], key(2)));
    assert_eq!(case.run.priority().priority_key, 2);
    case.expect(&[]);
    case.complete(&task, Vec::new());
    case.expect(&[
        "4 workflow_task_completed scheduled=2 started=3",
        "5 workflow_execution_options_updated attached=",
        "6 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_reset_applies_them_again() {
    let mut case = Case::start();
    case.work(vec![start_timer("t", 100)]);
    case.ok(update(&["priority"], key(2)));
    let reset = case.reset(4).expect("a point of a reset");
    assert_eq!(reset.run.priority().priority_key, 2);
}

#[test]
fn parts_of_an_override_are_not_replaced() {
    let mut case = Case::start();
    for (fields, message) in [
        (
            &["versioning_override.behavior"][..],
            "error applying update_options: versioning_override fields must be updated together",
        ),
        (
            &["versioning_override.pinned"],
            "error applying update_options: versioning_override doesn't support partial updates",
        ),
    ] {
        let refused = case.apply(update(fields, pinned())).unwrap_err();
        assert_eq!(refused, Rejection::Invalid(Invalid(message.to_owned())));
    }
}

#[test]
fn an_override_without_a_version_is_the_version_of_a_pinned_run() {
    let mut case = Case::start();
    let mut given = pinned().versioning_override.expect("it is pinned");
    let Some(Override::Pinned(pin)) = &mut given.r#override else {
        panic!("it is pinned")
    };
    pin.version = None;
    let refused = case.run.checked_override(Some(&given)).unwrap_err();
    assert_eq!(
        refused,
        "must specify a specific pinned override version because workflow with id greeting has behavior Unspecified and is not yet pinned to any version"
    );
    case.ok(update(&["versioning_override"], pinned()));
    let found = case
        .run
        .checked_override(Some(&given))
        .expect("it is pinned");
    assert_eq!(found, pinned().versioning_override);
}
