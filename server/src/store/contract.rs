//! Contract tests of the store. Every implementation of [`Store`] runs [`suite`].

use std::sync::Arc;
use std::time::Duration;

use durably_history::{
    DeploymentVersion, EventLog, Input, Run, RunId, Signal, Start, Terminate, Time,
};
use durably_proto::api::common::v1::WorkflowType;
use durably_proto::api::enums::v1::{IndexedValueType, NamespaceState};
use durably_proto::api::taskqueue::v1::{RateLimit, RateLimitConfig, TaskQueue, TaskQueueConfig};
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

use super::memory::MemoryStore;
use super::{
    Commit, Removal, RunChange, RunPhase, Settings, Store, StoredDeployment, StoredNamespace,
    StoredQueueConfig, StoredSchedule, Submitted, UnfinishedRun,
};
use crate::deployment::tests::UNUSED;
use crate::deployment::{Deployment, Deployments, QueueType};
use crate::error::StoreError;
use crate::name::{BatchName, DeploymentName, ExecutionName, RunName, ScheduleName};
use crate::queue_config::QueueKey;
use crate::visibility::attributes::Attributes;
use crate::visibility::parser;
use crate::visibility::query::Query;

#[tokio::test]
async fn memory() {
    suite(&mut || Arc::new(MemoryStore::new("cluster".to_owned()))).await;
}

/// Runs all cases, each on a fresh store.
pub(super) async fn suite(fresh: &mut dyn FnMut() -> Arc<dyn Store>) {
    namespaces_are_kept(&*fresh());
    an_unknown_execution_is_not_found(&*fresh());
    a_run_is_rebuilt(&*fresh()).await;
    executions_do_not_mix(&*fresh()).await;
    a_started_run_is_the_latest(&*fresh()).await;
    the_next_run_comes_with_the_end_of_the_last(&*fresh()).await;
    a_commit_that_does_not_follow_is_refused_as_a_whole(&*fresh()).await;
    commits_take_effect_in_the_order_of_the_calls(&*fresh()).await;
    unfinished_runs_are_listed_with_what_a_restart_needs(&*fresh()).await;
    rows_are_listed_and_counted(&*fresh()).await;
    closed_runs_are_removed_the_earliest_first(&*fresh()).await;
    a_closed_run_with_messages_is_found_and_stays(&*fresh()).await;
    the_latest_run_stays_while_an_earlier_one_has_messages(&*fresh()).await;
    a_removed_run_is_gone(&*fresh()).await;
    a_deleted_namespace_is_emptied_in_portions(&*fresh()).await;
    schedules_are_kept_until_they_are_removed(&*fresh()).await;
    batches_are_kept_until_they_are_removed(&*fresh()).await;
    deployments_are_kept_until_they_are_removed(&*fresh()).await;
    configurations_of_task_queues_are_kept(&*fresh()).await;
}

async fn batches_are_kept_until_they_are_removed(store: &dyn Store) {
    put(store, "a");
    put(store, "b");
    let name = |namespace: &str, id: &str| BatchName {
        namespace: namespace.into(),
        id: id.into(),
    };
    let puts: [(_, &[u8]); 4] = [
        (name("b", "recall"), b"other"),
        (name("a", "recall"), b"first"),
        (name("a", "recall"), b"second"),
        (name("a", "clean"), b""),
    ];
    for (name, state) in puts {
        let put = store.put_batch(&name, Some(state.to_vec()));
        put.confirmed().await.expect("it is kept");
    }
    let kept = || {
        let batches = store.batches().expect("they are read");
        let kept = batches.into_iter().map(|batch| {
            let BatchName { namespace, id } = batch.name;
            let state = String::from_utf8(batch.state).expect("it is text");
            format!("{namespace}/{id}={state}")
        });
        kept.collect::<Vec<_>>()
    };
    assert_eq!(kept(), ["a/clean=", "a/recall=second", "b/recall=other"]);
    let removed = store.put_batch(&name("a", "recall"), None);
    removed.confirmed().await.expect("it is removed");
    let never = store.put_batch(&name("a", "never"), None);
    never.confirmed().await.expect("it is not there");
    assert_eq!(kept(), ["a/clean=", "b/recall=other"]);
    let delay = Duration::from_secs(60);
    let renamed = store.delete_namespace("a", "gone", delay);
    renamed.expect("it is renamed");
    assert_eq!(kept(), ["b/recall=other"]);
}

async fn a_deleted_namespace_is_emptied_in_portions(store: &dyn Store) {
    for id in ["v", "w", "x"] {
        Case::new(store, "a", id)
            .start(&format!("run of {id}"))
            .await;
    }
    let mut other = Case::new(store, "b", "w");
    let mut run_of_b = other.start("run of b").await;
    let schedule = ScheduleName {
        namespace: "a".into(),
        id: "nightly".into(),
    };
    let put_schedule = store.put_schedule(&schedule, Some(b"state".to_vec()));
    put_schedule.confirmed().await.expect("it is kept");
    let delay = Duration::from_secs(60);
    let renamed = store.delete_namespace("a", "gone", delay);
    renamed.expect("it is renamed");
    // Nothing of it is found, under neither name.
    let name = execution("a", "w");
    assert_eq!(store.execution(&name), Ok(None));
    assert_eq!(listed(store, "a", ""), Vec::<String>::new());
    assert_eq!(store.schedules(), Ok(Vec::new()));
    let unfinished = || {
        let mut found = Vec::new();
        let each = &mut |run: UnfinishedRun| found.push(run.name.execution.namespace.to_string());
        store.unfinished_runs(each).expect("they are listed");
        found
    };
    assert_eq!(unfinished(), ["b"]);
    let states = || -> Vec<(String, NamespaceState)> {
        let namespaces = store.namespaces().expect("they are read");
        let states = namespaces
            .into_iter()
            .map(|it| (it.name.to_string(), it.settings.state));
        states.collect()
    };
    let deleted = store.namespaces().expect("they are read").pop();
    let mut deleted = deleted.expect("there are two");
    assert_eq!(deleted.settings.removal, Removal::After(delay));
    deleted.settings.removal = Removal::At(Time::default() + delay);
    store.put_namespace(&deleted).expect("it is kept");
    let found = store.namespaces().expect("they are read").pop();
    assert_eq!(found.map(|it| it.settings), Some(deleted.settings));
    let kept = ("b".to_owned(), NamespaceState::Registered);
    let deleted = ("gone".to_owned(), NamespaceState::Deleted);
    assert_eq!(states(), [kept.clone(), deleted.clone()]);
    // Its name is free at once, and what is new there is no part of what is removed.
    let mut new = Case::new(store, "a", "w");
    new.start("new run").await;
    assert_eq!(store.clear_namespace("gone", 2), Ok(2));
    assert_eq!(store.clear_namespace("gone", 2), Ok(1));
    assert_eq!(store.clear_namespace("gone", 2), Ok(0));
    store.remove_namespace("gone").expect("it works");
    store
        .remove_namespace("gone")
        .expect("it is removed already");
    let again = ("a".to_owned(), NamespaceState::Registered);
    assert_eq!(states(), [again, kept]);
    assert_eq!(listed(store, "a", ""), ["w"]);
    other.signal(&mut run_of_b, "s").await;
    assert_eq!(other.latest(), "run of b".into());
}

async fn a_removed_run_is_gone(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    let mut first = case.start("1").await;
    case.terminate(&mut first).await;
    let mut second = case.start("2").await;
    apply(&mut second, Input::Delete);
    let mut closing = change(&mut second, false);
    closing.phase = RunPhase::Closed {
        at: Time::default(),
        has_messages: true,
    };
    case.commit(vec![closing]).await.expect("it is committed");
    let is_there = |run_id: &str| {
        let stored = store.run(&case.name, &run_id.into());
        stored.expect("it is read").is_some()
    };
    let unfinished = || {
        let mut count = 0;
        let listed = store.unfinished_runs(&mut |_| count += 1);
        listed.expect("they are listed");
        count
    };
    assert_eq!(unfinished(), 1);
    store.remove_run(&case.name, &"2".into()).expect("it works");
    assert!(is_there("1") && !is_there("2"));
    assert_eq!(unfinished(), 0);
    assert_eq!(listed(store, "a", "").len(), 1);
    // Without its latest run the execution keeps its number of commits.
    let stored = store.execution(&case.name).expect("it is read");
    assert_eq!(stored.map(|it| it.version), Some(case.version));
    // A repetition, and one of a run that never was.
    store.remove_run(&case.name, &"2".into()).expect("it works");
    let unknown = execution("a", "unknown");
    store.remove_run(&unknown, &"1".into()).expect("it works");
    store.remove_run(&case.name, &"1".into()).expect("it works");
    assert_eq!(store.execution(&case.name), Ok(None));
    assert_eq!(listed(store, "a", ""), Vec::<String>::new());
    // Nothing is left for retention.
    let removed = store.remove_closed("a", Time::MAX, 9);
    assert_eq!(removed, Ok(0));
    // The id is as new.
    case.version = 0;
    case.start("1").await;
}

async fn schedules_are_kept_until_they_are_removed(store: &dyn Store) {
    put(store, "a");
    put(store, "b");
    let name = |namespace: &str, id: &str| ScheduleName {
        namespace: namespace.into(),
        id: id.into(),
    };
    let puts = [
        ("b", "nightly", Some("other")),
        ("a", "nightly", Some("first")),
        ("a", "hourly", Some("")),
        ("a", "nightly", Some("second")),
        ("a", "gone", Some("x")),
        ("a", "gone", None),
        ("a", "never", None),
    ];
    for (namespace, id, state) in puts {
        let state = state.map(|state| state.as_bytes().to_vec());
        let put = store.put_schedule(&name(namespace, id), state);
        put.confirmed().await.expect("it is kept");
    }
    let kept = store.schedules().expect("they are read");
    let stored = |namespace, id, state: &str| StoredSchedule {
        name: name(namespace, id),
        state: state.as_bytes().to_vec(),
    };
    let expected = [
        stored("a", "hourly", ""),
        stored("a", "nightly", "second"),
        stored("b", "nightly", "other"),
    ];
    assert_eq!(kept, expected);
}

fn namespaces_are_kept(store: &dyn Store) {
    assert!(!store.cluster_id().is_empty());
    put(store, "b");
    let mut changed = put(store, "a");
    changed.settings.description = "changed".to_owned();
    changed.settings.state = NamespaceState::Deprecated;
    changed.attributes = vec![("Customer".to_owned(), IndexedValueType::Keyword)];
    store.put_namespace(&changed).expect("it is kept");
    let kept = store.namespaces().expect("they are read");
    let names: Vec<_> = kept.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(kept[0].id, "id of a");
    assert_eq!(kept[0].settings, changed.settings);
    assert_eq!(kept[0].attributes, changed.attributes);
    // A changed namespace replaces the one before.
    changed.attributes.clear();
    store.put_namespace(&changed).expect("it is kept");
    let kept = store.namespaces().expect("they are read");
    assert_eq!(kept[0].attributes, []);
}

async fn deployments_are_kept_until_they_are_removed(store: &dyn Store) {
    let changed = put(store, "a");
    put(store, "b");
    let mut deployments = Deployments::default();
    for (deployment, build_id) in [("orders", "1"), ("orders", "2"), ("invoices", "1")] {
        let version = DeploymentVersion {
            deployment: deployment.into(),
            build_id: build_id.into(),
        };
        let (ty, at) = (QueueType::Workflow, Time::default());
        let registered = deployments.register(&version, ty, "q", at, &UNUSED);
        registered.expect("there are few versions");
    }
    let name = |namespace: &str, deployment: &Deployment| DeploymentName {
        namespace: namespace.into(),
        name: deployment.name.as_str().into(),
    };
    let [invoices, orders] = ["invoices", "orders"].map(|name| {
        let deployment = deployments.find(name).expect("it is registered");
        Arc::clone(deployment)
    });
    let first = Arc::new(Deployment {
        versions: Vec::new(),
        ..(*orders).clone()
    });
    for (namespace, deployment) in [
        ("b", &orders),
        ("a", &first),
        ("a", &orders),
        ("a", &invoices),
    ] {
        let name = name(namespace, deployment);
        let put = store.put_deployment(&name, Some(Arc::clone(deployment)));
        put.confirmed().await.expect("it is kept");
    }
    // What else changes in the namespace leaves them alone.
    store.put_namespace(&changed).expect("it is kept");
    let kept = || store.deployments().expect("they are read");
    let stored = |namespace: &str, deployment: &Arc<Deployment>| StoredDeployment {
        namespace: namespace.into(),
        deployment: Arc::clone(deployment),
    };
    let of_b = stored("b", &orders);
    let all = [stored("a", &invoices), stored("a", &orders), of_b.clone()];
    assert_eq!(kept(), all);
    let removed = store.put_deployment(&name("a", &orders), None);
    removed.confirmed().await.expect("it is removed");
    let again = store.put_deployment(&name("a", &orders), None);
    again.confirmed().await.expect("it is not there");
    assert_eq!(kept(), [stored("a", &invoices), of_b.clone()]);
    store
        .delete_namespace("a", "gone", Duration::ZERO)
        .expect("it is renamed");
    assert!(kept().iter().all(|it| *it.namespace != *"a"));
    assert!(kept().contains(&of_b));
}

async fn configurations_of_task_queues_are_kept(store: &dyn Store) {
    let changed = put(store, "a");
    put(store, "b");
    let config = |namespace: &str, name: &str, task_queue_type, per_second| StoredQueueConfig {
        namespace: namespace.into(),
        key: QueueKey {
            name: name.to_owned(),
            task_queue_type,
        },
        config: TaskQueueConfig {
            queue_rate_limit: Some(RateLimitConfig {
                rate_limit: Some(RateLimit {
                    requests_per_second: per_second,
                }),
                ..RateLimitConfig::default()
            }),
            ..TaskQueueConfig::default()
        },
    };
    let of_b = config("b", "q", 2, 0.5);
    for stored in [
        of_b.clone(),
        config("a", "q", 3, 2.0),
        config("a", "q", 2, 1.0),
        config("a", "p", 2, 3.0),
        config("a", "q", 2, 0.25),
    ] {
        let put = store.put_queue_config(stored);
        put.confirmed().await.expect("it is kept");
    }
    // What else changes in the namespace leaves them alone.
    store.put_namespace(&changed).expect("it is kept");
    let kept = || store.queue_configs().expect("they are read");
    let all = [
        config("a", "p", 2, 3.0),
        config("a", "q", 2, 0.25),
        config("a", "q", 3, 2.0),
        of_b.clone(),
    ];
    assert_eq!(kept(), all);
    let deleted = store.delete_namespace("a", "gone", Duration::ZERO);
    deleted.expect("it is renamed");
    assert!(kept().iter().all(|it| *it.namespace != *"a"));
    assert!(kept().contains(&of_b));
}

fn an_unknown_execution_is_not_found(store: &dyn Store) {
    put(store, "a");
    let name = execution("a", "w");
    assert_eq!(store.execution(&name), Ok(None));
    assert!(matches!(store.run(&name, &"r".into()), Ok(None)));
    let unknown = execution("none", "w");
    assert_eq!(store.execution(&unknown), Ok(None));
}

async fn a_run_is_rebuilt(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    let mut run = case.start("r").await;
    for number in 0..3 {
        case.signal(&mut run, &format!("signal {number}")).await;
    }
    let stored = case.stored("r");
    assert_eq!(format!("{stored:?}"), format!("{run:?}"));
    let latest = store.execution(&case.name).expect("it is read");
    let latest = latest.expect("it was committed");
    assert_eq!((latest.latest, latest.version), ("r".into(), 4));
}

async fn executions_do_not_mix(store: &dyn Store) {
    Case::new(store, "a", "w").start("r").await;
    Case::new(store, "b", "w").start("r of b").await;
    let of_b = execution("b", "w");
    assert!(matches!(store.run(&of_b, &"r".into()), Ok(None)));
    assert!(matches!(store.run(&of_b, &"r of b".into()), Ok(Some(_))));
    let other = execution("a", "v");
    assert!(matches!(store.run(&other, &"r".into()), Ok(None)));
}

async fn a_started_run_is_the_latest(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    let mut first = case.start("first").await;
    case.terminate(&mut first).await;
    case.start("second").await;
    assert_eq!(case.latest(), "second".into());
    assert!(!case.stored("first").is_running());
}

async fn the_next_run_comes_with_the_end_of_the_last(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    let mut first = case.start("first").await;
    apply(&mut first, Input::Terminate(Terminate::default()));
    let mut second = run("second");
    let changes = vec![change(&mut first, false), change(&mut second, true)];
    case.commit(changes).await.expect("both are committed");
    assert_eq!(case.latest(), "second".into());
    assert!(!case.stored("first").is_running());
}

async fn a_commit_that_does_not_follow_is_refused_as_a_whole(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    let mut first = case.start("first").await;
    let conflict = Err(StoreError::Conflict {
        execution: case.name.clone(),
    });
    // It starts a run that is there already.
    let mut again = run("first");
    let changes = vec![change(&mut again, true)];
    assert_eq!(case.commit(changes).await, conflict);
    // It follows an older version.
    case.signal(&mut first, "kept").await;
    case.version -= 1;
    apply(&mut first, Input::Terminate(Terminate::default()));
    let mut second = run("second");
    let changes = vec![change(&mut first, false), change(&mut second, true)];
    assert_eq!(case.commit(changes).await, conflict);
    assert!(case.stored("first").is_running());
    assert_eq!(case.latest(), "first".into());
    let second = store.run(&case.name, &"second".into());
    assert!(matches!(second, Ok(None)));
    // It changes a run that is not there.
    case.version += 1;
    let mut unknown = run("unknown");
    let changes = vec![change(&mut unknown, false)];
    assert_eq!(case.commit(changes).await, conflict);
}

async fn commits_take_effect_in_the_order_of_the_calls(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    let mut run = case.start("r").await;
    let mut submitted = Vec::new();
    for number in 0..100 {
        apply(&mut run, signal(&number.to_string()));
        let change = change(&mut run, false);
        submitted.push(case.submit(vec![change]));
        // A second commit on the same version conflicts, and does not hinder those that follow.
        let mut late = super::contract::run("late");
        let late = self::change(&mut late, true);
        case.version -= 1;
        let late = case.submit(vec![late]);
        assert!(matches!(
            late.confirmed().await,
            Err(StoreError::Conflict { .. })
        ));
    }
    for submitted in submitted {
        assert_eq!(submitted.confirmed().await, Ok(()));
    }
    assert_eq!(format!("{:?}", case.stored("r")), format!("{run:?}"));
}

async fn unfinished_runs_are_listed_with_what_a_restart_needs(store: &dyn Store) {
    let mut closed = Case::new(store, "a", "closed");
    let mut run = closed.start("1").await;
    closed.terminate(&mut run).await;
    let mut open = Case::new(store, "a", "open");
    let mut run = super::contract::run("2");
    let mut change = change(&mut run, true);
    let at = Time::from_unix_nanos(7);
    change.phase = RunPhase::Open {
        next_due: Some(at),
        has_tasks: true,
    };
    open.commit(vec![change]).await.expect("it is committed");
    Case::new(store, "b", "open").start("3").await;
    let mut listed = Vec::new();
    let each = &mut |run| listed.push(run);
    store.unfinished_runs(each).expect("they are listed");
    listed.sort_by(|left, right| left.name.cmp(&right.name));
    let expected = |namespace: &str, run_id: &str, next_due, has_tasks| UnfinishedRun {
        name: RunName {
            execution: execution(namespace, "open"),
            run_id: run_id.into(),
        },
        is_open: true,
        next_due,
        has_tasks,
    };
    assert_eq!(
        listed,
        [
            expected("a", "2", Some(at), true),
            expected("b", "3", None, false)
        ]
    );
}

async fn rows_are_listed_and_counted(store: &dyn Store) {
    for (workflow_id, run_id) in [("a", "1"), ("b", "2"), ("c", "3")] {
        Case::new(store, "n", workflow_id).start(run_id).await;
    }
    let mut case = Case::new(store, "n", "d");
    let mut run = case.start("4").await;
    case.terminate(&mut run).await;
    Case::new(store, "m", "a").start("5").await;
    assert_eq!(listed(store, "n", "WorkflowId IN ('a', 'c')"), ["a", "c"]);
    assert_eq!(listed(store, "n", "ExecutionStatus = 'Terminated'"), ["d"]);
    assert_eq!(listed(store, "n", ""), ["a", "b", "c", "d"]);
    let counts = store.count("n", &query("GROUP BY ExecutionStatus"));
    let counts = counts.expect("they are counted");
    assert_eq!(counts[&Some("Running".to_owned())], 3);
    assert_eq!(counts[&Some("Terminated".to_owned())], 1);
    let first = store.list("n", &query(""), 3, b"").expect("it is listed");
    let rest = store.list("n", &query(""), 3, &first.next);
    assert_eq!(rest.expect("it is listed").executions.len(), 1);
    assert!(store.list("n", &query(""), 3, b"junk").is_err());
}

async fn closed_runs_are_removed_the_earliest_first(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    for (at, run_id) in [(10, "1"), (20, "2"), (30, "3")] {
        let mut run = case.start(run_id).await;
        apply(&mut run, Input::Terminate(Terminate::default()));
        let mut change = change(&mut run, false);
        change.phase = RunPhase::Closed {
            at: Time::from_unix_nanos(at),
            has_messages: false,
        };
        case.commit(vec![change]).await.expect("it is committed");
    }
    let remove = |before, limit| {
        let before = Time::from_unix_nanos(before);
        store.remove_closed("a", before, limit).expect("it works")
    };
    assert_eq!(remove(10, 9), 0);
    assert_eq!(remove(99, 1), 1);
    assert!(matches!(store.run(&case.name, &"1".into()), Ok(None)));
    assert_eq!(remove(30, 9), 1);
    assert_eq!(case.latest(), "3".into());
    assert_eq!(listed(store, "a", "").len(), 1);
    assert_eq!(remove(99, 9), 1);
    assert_eq!(store.execution(&case.name), Ok(None));
    let mut again = Case::new(store, "a", "w");
    again.start("1").await;
}

async fn a_closed_run_with_messages_is_found_and_stays(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    let mut run = case.start("1").await;
    apply(&mut run, Input::Terminate(Terminate::default()));
    let at = Time::from_unix_nanos(10);
    let mut closing = change(&mut run, false);
    closing.phase = RunPhase::Closed {
        at,
        has_messages: true,
    };
    case.commit(vec![closing]).await.expect("it is committed");
    let unfinished = || {
        let mut listed = Vec::new();
        let each = &mut |run| listed.push(run);
        store.unfinished_runs(each).expect("they are listed");
        listed
    };
    let expected = UnfinishedRun {
        name: RunName {
            execution: execution("a", "w"),
            run_id: "1".into(),
        },
        is_open: false,
        next_due: None,
        has_tasks: true,
    };
    assert_eq!(unfinished(), [expected]);
    let remove = || {
        let before = Time::from_unix_nanos(99);
        store.remove_closed("a", before, 9).expect("it works")
    };
    assert_eq!(remove(), 0);
    let mut delivered = change(&mut run, false);
    delivered.phase = RunPhase::Closed {
        at,
        has_messages: false,
    };
    case.commit(vec![delivered]).await.expect("it is committed");
    assert_eq!(unfinished(), []);
    assert_eq!(remove(), 1);
    assert_eq!(store.execution(&case.name), Ok(None));
}

async fn the_latest_run_stays_while_an_earlier_one_has_messages(store: &dyn Store) {
    let mut case = Case::new(store, "a", "w");
    let closed = |at, has_messages| RunPhase::Closed {
        at: Time::from_unix_nanos(at),
        has_messages,
    };
    let mut first = case.start("1").await;
    apply(&mut first, Input::Terminate(Terminate::default()));
    let mut closing = change(&mut first, false);
    closing.phase = closed(10, true);
    case.commit(vec![closing]).await.expect("it is committed");
    let mut latest = case.start("2").await;
    apply(&mut latest, Input::Terminate(Terminate::default()));
    let mut closing = change(&mut latest, false);
    closing.phase = closed(20, false);
    case.commit(vec![closing]).await.expect("it is committed");
    let remove = || {
        let before = Time::from_unix_nanos(99);
        store.remove_closed("a", before, 9).expect("it works")
    };
    assert_eq!(remove(), 0);
    let stored = store.run(&case.name, &case.latest());
    assert!(matches!(stored, Ok(Some(_))), "the latest run is there");
    let mut delivered = change(&mut first, false);
    delivered.phase = closed(10, false);
    case.commit(vec![delivered]).await.expect("it is committed");
    assert_eq!(remove(), 2);
    assert_eq!(store.execution(&case.name), Ok(None));
}

/// One execution in a store.
struct Case<'a> {
    store: &'a dyn Store,
    name: ExecutionName,
    version: u64,
}

impl<'a> Case<'a> {
    fn new(store: &'a dyn Store, namespace: &str, workflow_id: &str) -> Self {
        put(store, namespace);
        Self {
            store,
            name: execution(namespace, workflow_id),
            version: 0,
        }
    }

    fn submit(&mut self, runs: Vec<RunChange>) -> Submitted {
        let follows = self.version;
        self.version += 1;
        self.store.commit(Commit {
            execution: self.name.clone(),
            follows,
            runs,
        })
    }

    async fn commit(&mut self, runs: Vec<RunChange>) -> Result<(), StoreError> {
        let committed = self.submit(runs).confirmed().await;
        if committed.is_err() {
            self.version -= 1;
        }
        committed
    }

    async fn start(&mut self, run_id: &str) -> Run {
        let mut run = start(self.name.workflow_id.as_ref(), run_id);
        let change = change(&mut run, true);
        self.commit(vec![change]).await.expect("it is committed");
        run
    }

    async fn signal(&mut self, run: &mut Run, name: &str) {
        apply(run, signal(name));
        let change = change(run, false);
        self.commit(vec![change]).await.expect("it is committed");
    }

    async fn terminate(&mut self, run: &mut Run) {
        apply(run, Input::Terminate(Terminate::default()));
        let change = change(run, false);
        self.commit(vec![change]).await.expect("it is committed");
    }

    fn latest(&self) -> RunId {
        let stored = self.store.execution(&self.name).expect("it is read");
        stored.expect("it was committed").latest
    }

    fn stored(&self, run_id: &str) -> Run {
        let stored = self.store.run(&self.name, &run_id.into());
        let stored = stored.expect("it is read").expect("it was committed");
        let events = EventLog::from_batches(stored.events).expect("they are whole");
        Run::restore(stored.parts, events).expect("the parts are whole")
    }
}

fn put(store: &dyn Store, name: &str) -> StoredNamespace {
    let namespace = StoredNamespace {
        name: name.into(),
        id: format!("id of {name}"),
        settings: Settings::default(),
        attributes: Vec::new(),
    };
    store.put_namespace(&namespace).expect("it is kept");
    namespace
}

fn execution(namespace: &str, workflow_id: &str) -> ExecutionName {
    ExecutionName {
        namespace: namespace.into(),
        workflow_id: workflow_id.into(),
    }
}

fn run(run_id: &str) -> Run {
    start("w", run_id)
}

fn start(workflow_id: &str, run_id: &str) -> Run {
    let request = StartWorkflowExecutionRequest {
        workflow_id: workflow_id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "T".to_owned(),
        }),
        task_queue: Some(TaskQueue {
            name: "q".to_owned(),
            ..TaskQueue::default()
        }),
        ..StartWorkflowExecutionRequest::default()
    };
    let start = Start::from_request(request, run_id.into(), 0).expect("the request is whole");
    Run::start(start, Time::default()).0
}

fn signal(name: &str) -> Input {
    Input::Signal(Signal {
        name: name.to_owned(),
        request_id: name.into(),
        ..Signal::default()
    })
}

fn apply(run: &mut Run, input: Input) {
    let applied = run.apply(input, Time::default());
    applied.expect("it is accepted");
}

fn change(run: &mut Run, is_new: bool) -> RunChange {
    let changes = run.take_changes();
    RunChange {
        run_id: run.run_id().clone(),
        is_new,
        parts: changes.parts,
        events: changes.events,
        phase: match run.closed_at() {
            Some(at) => RunPhase::Closed {
                at,
                has_messages: run.has_outgoing(),
            },
            None => RunPhase::Open {
                next_due: None,
                has_tasks: false,
            },
        },
        row: Some(Box::new(run.info())),
    }
}

fn query(text: &str) -> Query {
    parser::parse(text, &Attributes::new()).expect("the query is well formed")
}

fn listed(store: &dyn Store, namespace: &str, text: &str) -> Vec<String> {
    let page = store.list(namespace, &query(text), 100, b"");
    page.expect("it is listed")
        .executions
        .iter()
        .filter_map(|row| row.execution.as_ref())
        .map(|execution| execution.workflow_id.clone())
        .collect()
}
