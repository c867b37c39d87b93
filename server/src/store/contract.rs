//! Contract tests of the store. Every implementation of [`Store`] runs [`suite`].

use std::sync::Arc;

use durably_history::{Deadline, Effect, Run, RunId, Start, Time};
use durably_proto::api::common::v1::WorkflowType;
use durably_proto::api::taskqueue::v1::TaskQueue;
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

use super::{Change, Runs, Store, StoreError};
use crate::namespace::{Namespace, Namespaces, Settings};

#[test]
fn memory() {
    suite(|| Box::new(super::memory::MemoryStore::default()));
}

/// Runs all cases, each on a fresh store.
fn suite(fresh: impl Fn() -> Box<dyn Store>) {
    an_unknown_execution_is_not_found(&*fresh());
    a_name_finds_the_same_execution(&*fresh());
    namespaces_do_not_mix(&*fresh());
    a_started_run_is_the_latest(&*fresh());
    the_next_run_comes_with_the_end_of_the_last(&*fresh());
    deadlines_are_kept_with_the_run(&*fresh());
    a_change_that_does_not_continue_is_refused_as_a_whole(&*fresh());
}

fn an_unknown_execution_is_not_found(store: &dyn Store) {
    let found = store.find(&namespace("a"), "w");
    assert!(matches!(found, Ok(None)));
}

fn a_name_finds_the_same_execution(store: &dyn Store) {
    let namespace = namespace("a");
    let created = store.find_or_create(&namespace, "w").expect("created");
    let found = store.find(&namespace, "w").expect("found").expect("there");
    let again = store.find_or_create(&namespace, "w").expect("found");
    assert!(Arc::ptr_eq(&created, &found));
    assert!(Arc::ptr_eq(&created, &again));
}

fn namespaces_do_not_mix(store: &dyn Store) {
    let in_a = store.find_or_create(&namespace("a"), "w").expect("created");
    let in_b = store.find_or_create(&namespace("b"), "w").expect("created");
    assert!(!Arc::ptr_eq(&in_a, &in_b));
}

fn a_started_run_is_the_latest(store: &dyn Store) {
    let execution = store.find_or_create(&namespace("a"), "w").expect("created");
    let mut runs = execution.lock();
    assert!(runs.latest().is_none());
    start(store, &mut runs, "first").expect("committed");
    start(store, &mut runs, "second").expect("committed");
    assert_eq!(latest(&mut runs), Some("second".into()));
    assert!(runs.get(&"first".into()).is_some());
    assert!(runs.get(&"third".into()).is_none());
}

fn the_next_run_comes_with_the_end_of_the_last(store: &dyn Store) {
    let execution = store.find_or_create(&namespace("a"), "w").expect("created");
    let mut runs = execution.lock();
    start(store, &mut runs, "first").expect("committed");
    let events = committed(&mut runs, "first");
    let first = "first".into();
    let changes = vec![
        Change::Applied {
            run_id: &first,
            events: events..events,
            effects: &[],
        },
        Change::Started {
            run: Box::new(run("second")),
            effects: &[],
        },
    ];
    store.commit(&mut runs, changes).expect("committed");
    assert_eq!(latest(&mut runs), Some("second".into()));
}

fn deadlines_are_kept_with_the_run(store: &dyn Store) {
    let execution = store.find_or_create(&namespace("a"), "w").expect("created");
    let mut runs = execution.lock();
    let at = Time::from_unix_nanos;
    let timer = Deadline::Timer("t".into());
    let effects = [
        arm(Deadline::Run, at(50)),
        arm(timer.clone(), at(10)),
        arm(Deadline::FirstWorkflowTask, at(20)),
        Effect::Disarm(timer),
    ];
    let change = Change::Started {
        run: Box::new(run("r")),
        effects: &effects,
    };
    store.commit(&mut runs, vec![change]).expect("committed");
    let record = runs.get(&"r".into()).expect("it was committed");
    assert_eq!(record.next_due(), Some(at(20)));
}

fn a_change_that_does_not_continue_is_refused_as_a_whole(store: &dyn Store) {
    let execution = store.find_or_create(&namespace("a"), "w").expect("created");
    let mut runs = execution.lock();
    start(store, &mut runs, "first").expect("committed");
    assert!(
        start(store, &mut runs, "first").is_err(),
        "it is there already"
    );
    let first = RunId::from("first");
    let changes = vec![
        Change::Started {
            run: Box::new(run("second")),
            effects: &[],
        },
        Change::Applied {
            run_id: &first,
            events: 90..91,
            effects: &[],
        },
    ];
    let refused = store.commit(&mut runs, changes);
    assert_eq!(refused, Err(StoreError::Conflict { run_id: first }));
    assert!(runs.get(&"second".into()).is_none());
}

fn namespace(name: &str) -> Arc<Namespace> {
    let namespaces = Namespaces::default();
    namespaces
        .register(name, name.to_owned(), Settings::default())
        .expect("it is the only one");
    namespaces.find(name).expect("it was registered")
}

fn start(store: &dyn Store, runs: &mut Runs, run_id: &str) -> Result<(), StoreError> {
    let change = Change::Started {
        run: Box::new(run(run_id)),
        effects: &[],
    };
    store.commit(runs, vec![change])
}

fn run(run_id: &str) -> Run {
    let request = StartWorkflowExecutionRequest {
        workflow_id: "w".to_owned(),
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

fn committed(runs: &mut Runs, run_id: &str) -> usize {
    runs.get(&run_id.into())
        .map_or(0, |record| record.run.events().len())
}

fn latest(runs: &mut Runs) -> Option<RunId> {
    runs.latest().map(|record| record.run.run_id().clone())
}

fn arm(deadline: Deadline, at: Time) -> Effect {
    Effect::Arm { deadline, at }
}
