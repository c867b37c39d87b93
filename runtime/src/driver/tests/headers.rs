//! Headers reach the code of a run with the start, signals, updates and queries.

use std::cell::RefCell;

use durably_engine::{
    EngineError, Event, EventId, EventKind, Fact, Queries, Signaled, Task, TaskEvent, TaskStarted,
    UpdateMessage,
};

use super::*;
use crate::driver::{Driver, Progress};

thread_local! {
    /// What an instance was called for, with the header that came with it.
    static SEEN: RefCell<Vec<(&'static str, Header)>> = const { RefCell::new(Vec::new()) };
}

/// Notes headers, and does nothing.
struct Spy;

fn note(what: &'static str, header: Header) {
    SEEN.with_borrow_mut(|seen| seen.push((what, header)));
}

impl Instance for Spy {
    fn handle(&mut self, job: Job, _: &mut Vec<Issued>) -> Result<(), TaskFailure> {
        match job {
            Job::Start(start) => note("start", start.event.header),
            Job::Signal { header, .. } => note("signal", header),
            Job::Update(request) => note("update", request.header),
            _ => {}
        }
        Ok(())
    }

    fn query(&mut self, query: QueryRequest) -> Result<Payload, Box<FailureRecord>> {
        note("query", query.header);
        Ok(Payload::json(b"1".to_vec()))
    }

    fn log_foreign_wake(&self) {}
}

#[derive(Debug)]
struct Failed(#[expect(dead_code, reason = "for the text of a panic")] String);

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Self {
        Self(error.to_string())
    }
}

impl From<TaskFailure> for Failed {
    fn from(failure: TaskFailure) -> Self {
        Self(failure.failure.message)
    }
}

fn header(value: &str) -> Header {
    let value = Payload::json(format!("\"{value}\"").into_bytes());
    Header::from([("trace".to_owned(), value)])
}

/// A run's first task, with a signal, an update and a query.
fn task() -> Task {
    let started = RunStarted {
        header: header("start"),
        ..*start().event
    };
    let signaled = Signaled {
        name: "open".to_owned(),
        header: header("signal"),
        ..Signaled::default()
    };
    let taken = TaskStarted {
        time: started.time,
        history_size: 400,
        continue_as_new_suggested: false,
        continue_as_new_reasons: Default::default(),
        target_version_changed: false,
    };
    let kinds = [
        EventKind::Fact(Fact::RunStarted(started.into())),
        EventKind::Task(TaskEvent::Scheduled),
        EventKind::Fact(Fact::Signaled(signaled.into())),
        EventKind::Task(TaskEvent::Started(taken)),
    ];
    let update = UpdateRequest {
        id: "u-1".to_owned(),
        name: "deposit".to_owned(),
        header: header("update"),
        ..UpdateRequest::default()
    };
    let query = QueryRequest {
        id: "q-1".to_owned(),
        name: "balance".to_owned(),
        header: header("query"),
        ..QueryRequest::default()
    };
    Task {
        workflow_type: "Test".to_owned(),
        workflow_id: "test-1".to_owned(),
        run_id: "run-1".to_owned(),
        history: (1..)
            .zip(kinds)
            .map(|(id, kind)| Event {
                id: EventId(id),
                kind,
            })
            .collect(),
        started: EventId(4),
        previous_started: EventId(0),
        messages: vec![UpdateMessage {
            message_id: "u-1/request".to_owned(),
            protocol_instance: "u-1".to_owned(),
            sequencing: EventId(3),
            request: update,
        }],
        queries: Queries::Attached(vec![query]),
    }
}

#[test]
fn the_start_signals_updates_and_queries_reach_the_instance_with_their_headers() {
    let entry = WorkflowEntry {
        name: "Test",
        versioning: None,
        start: |_| Box::new(Spy),
    };
    let mut driver = Driver::new(&entry, host());
    driver.begin(task()).expect("the history is whole");
    let progress = driver.advance::<Failed>(|| true);
    assert!(matches!(progress, Ok(Progress::Done(_))));
    assert_eq!(
        SEEN.take(),
        ["start", "signal", "update", "query"].map(|what| (what, header(what)))
    );
}

#[test]
fn a_task_that_asks_a_query_begins_an_activation() {
    let entry = WorkflowEntry {
        name: "Test",
        versioning: None,
        start: |_| Box::new(Spy),
    };
    let mut driver = Driver::new(&entry, host());
    driver.begin(task()).expect("the history is whole");
    let progress = driver.advance::<Failed>(|| true);
    assert!(matches!(progress, Ok(Progress::Done(_))));
    SEEN.take();
    let query = QueryRequest {
        name: "balance".to_owned(),
        ..QueryRequest::default()
    };
    let asked = Task {
        history: Vec::new(),
        messages: Vec::new(),
        queries: Queries::Only(query),
        ..task()
    };
    let mut activations = 0;
    let answer = driver.query::<Failed>(asked, || activations += 1);
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(SEEN.take().len(), 1);
    assert_eq!(activations, 1);
}
