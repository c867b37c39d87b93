//! Resets: runs that start with the first events of another one.

use std::time::Duration;

use durably_history::{
    ChildClosed, ChildEnd, Deadline, Delivered, EndForReset, EventId, Input, OutgoingKind,
    Rejection, Signal, TimerId, UpdateId, UpdateStage,
};
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::{EventType, StartChildWorkflowExecutionFailedCause};
use durably_proto::api::history::v1::history_event::Attributes;

use crate::case::{Case, signal};
use crate::command::{
    accept, continue_as_new, protocol, respond, schedule_activity, signal_external, start_child,
    start_timer, update,
};

/// Runs to the end of the first task with a timer, an activity and a signal to another workflow.
fn begun() -> Case {
    let mut case = Case::start();
    case.work(vec![
        start_timer("t", 100),
        schedule_activity("a"),
        signal_external("other"),
    ]);
    case
}

#[test]
fn what_was_pending_at_the_point_is_pending_in_the_new_run() {
    let mut case = begun();
    case.signal("one");
    case.work(Vec::new());
    case.pass(Duration::from_secs(10));
    // 8 is the signal, 11 completes its task.
    let mut again = case.reset(11).expect("a task ended there");
    assert_eq!(again.events()[..10], case.events()[..10]);
    assert_eq!(again.messages, case.messages);
    let deadline = Deadline::Timer(TimerId::from("t"));
    assert_eq!(again.deadline(), Some(deadline));
    let activity = again.start_activity();
    assert_eq!(activity.scheduled_at, case.now, "its timeouts begin again");
    again.complete_activity(&activity);
    again.ring();
    assert_eq!(again.run.first_run_id(), case.run.run_id());
    assert_eq!(again.run.started_at(), case.now);
}

#[test]
fn signals_after_the_point_come_again_and_their_request_ids_with_them() {
    let mut case = begun();
    let once = Signal {
        request_id: "request".into(),
        ..signal("one")
    };
    case.ok(Input::Signal(once.clone()));
    let mut again = case.reset(4).expect("a task ended there");
    let length = again.run.events().len();
    again.ok(Input::Signal(once));
    assert_eq!(again.run.events().len(), length, "it is a repetition");
}

#[test]
fn an_update_after_the_point_is_accepted_again_without_its_request() {
    let mut case = begun();
    case.ok(Input::Update(update("u")));
    let task = case.poll();
    case.answer(
        &task,
        vec![protocol("u/accept"), protocol("u/respond")],
        vec![accept("u"), respond("u", "yes")],
    );
    let mut again = case.reset(4).expect("a task ended there");
    let id = UpdateId::from("u");
    let stage = |case: &Case| case.run.update(&id).map(|status| status.stage);
    assert_eq!(stage(&again), Some(UpdateStage::Admitted));
    let task = again.poll();
    assert_eq!(task.messages, [], "the history has the request");
    again.answer(
        &task,
        vec![protocol("u/accept"), protocol("u/respond")],
        vec![accept("u"), respond("u", "yes")],
    );
    assert_eq!(stage(&again), stage(&case));
    let requests = again
        .events()
        .into_iter()
        .filter_map(|it| match it.attributes {
            Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(it)) => {
                Some(it.accepted_request)
            }
            _ => None,
        });
    assert_eq!(requests.collect::<Vec<_>>(), [None]);
}

#[test]
fn an_update_that_the_worker_does_not_answer_is_rejected() {
    let mut case = begun();
    case.ok(Input::Update(update("u")));
    let task = case.poll();
    case.answer(&task, vec![protocol("u/accept")], vec![accept("u")]);
    let mut again = case.reset(4).expect("a task ended there");
    again.work(Vec::new());
    assert_eq!(again.run.update(&UpdateId::from("u")), None);
}

#[test]
fn a_point_where_no_task_was_pending_is_refused() {
    let mut case = begun();
    case.signal("one");
    for point in [-1, 0, 1, 2, 5, 8, 10, 100] {
        let refused = case
            .reset(point)
            .map(|_| ())
            .expect_err("nothing ends there");
        assert!(matches!(refused, Rejection::Invalid(_)), "{point}");
    }
}

#[test]
fn what_became_of_a_child_after_the_point_is_recorded_again() {
    let mut case = Case::start();
    // 5 and 6 are the children.
    case.work(vec![start_child("started"), start_child("refused")]);
    let [started, refused] = [EventId(5), EventId(6)];
    case.ok(Input::Delivered(Delivered::ChildStarted {
        initiated: started,
        run_id: "child-run".into(),
    }));
    case.ok(Input::Delivered(Delivered::StartChildFailed {
        initiated: refused,
        cause: StartChildWorkflowExecutionFailedCause::WorkflowAlreadyExists,
    }));
    case.work(Vec::new());
    case.ok(Input::ChildClosed(Box::new(closed(started))));
    case.work(Vec::new());
    let point = case.last().event_id;
    let again = case.reset(point).expect("a task ended there");
    assert_eq!(kinds(&again, point), ["WorkflowTaskFailed"]);
    // The first task: 4 is its end, after which the children are initiated.
    let first = case.reset(4).expect("a task ended there");
    assert_eq!(kinds(&first, 4), ["WorkflowTaskFailed"]);
    assert_eq!(first.run.describe(case.now).pending_children.len(), 0);
    // The second task began after both.
    let second = 11;
    assert_eq!(
        case.events()[second - 1].event_type(),
        EventType::WorkflowTaskCompleted
    );
    let second = case.reset(second as i64).expect("a task ended there");
    assert_eq!(
        kinds(&second, 11),
        ["WorkflowTaskFailed", "ChildWorkflowExecutionCompleted"]
    );
    assert_eq!(second.run.describe(case.now).pending_children.len(), 0);
}

#[test]
fn a_run_that_is_reset_itself_leaves_its_children_to_the_next() {
    let begun = || {
        let mut case = Case::start();
        case.work(vec![start_child("child")]);
        case.ok(Input::Delivered(Delivered::ChildStarted {
            initiated: EventId(5),
            run_id: "child-run".into(),
        }));
        case
    };
    let policies = |case: &Case| {
        let keys = case.messages.iter();
        keys.filter(|key| key.kind == OutgoingKind::ClosePolicy)
            .count()
    };
    let mut reset = begun();
    reset.ok(Input::EndForReset(EndForReset {
        reset_run: Some("next".into()),
        ..end()
    }));
    assert_eq!(policies(&reset), 0);
    assert_eq!(reset.run.reset_run(), Some(&"next".into()));
    let mut earlier = begun();
    earlier.ok(Input::EndForReset(end()));
    assert_eq!(policies(&earlier), 1);
    assert_eq!(earlier.run.reset_run(), None);
}

fn end() -> EndForReset {
    EndForReset {
        reason: "test".to_owned(),
        reset_run: None,
    }
}

fn closed(initiated: EventId) -> ChildClosed {
    ChildClosed {
        initiated,
        child: WorkflowExecution {
            workflow_id: "started".to_owned(),
            run_id: "child-run".to_owned(),
        },
        first_run_id: "child-run".into(),
        end: ChildEnd::Completed(None),
    }
}

/// The types of the events from a point on, without tasks that are scheduled.
fn kinds(case: &Case, point: i64) -> Vec<&'static str> {
    let events = case.events().into_iter();
    let events = events.filter(|event| event.event_id >= point);
    let kinds = events.map(|event| event.event_type());
    kinds
        .filter(|kind| *kind != EventType::WorkflowTaskScheduled)
        .map(|kind| match kind {
            EventType::WorkflowTaskFailed => "WorkflowTaskFailed",
            EventType::ChildWorkflowExecutionCompleted => "ChildWorkflowExecutionCompleted",
            EventType::ChildWorkflowExecutionStarted => "ChildWorkflowExecutionStarted",
            other => panic!("an unexpected {other:?}"),
        })
        .collect()
}

#[test]
fn a_chain_is_followed_where_it_continued_as_new() {
    let mut case = Case::start();
    case.work(vec![continue_as_new(|_| {})]);
    let next = case.next_run();
    assert_eq!(case.run.continued_as().as_ref(), Some(next.run.run_id()));
    assert_eq!(next.run.continued_as(), None);
}

#[test]
fn a_run_that_a_reset_ends_discards_what_is_pending() {
    let mut case = begun();
    case.ok(Input::EndForReset(end()));
    assert!(!case.run.is_running());
    assert!(!case.run.has_outgoing());
    case.skip();
    let refused = case.apply(Input::EndForReset(end()));
    assert!(matches!(refused, Err(Rejection::Closed(_))));
    // A closed run can be reset, too.
    let again = case.reset(4).expect("a task ended there");
    assert_eq!(again.run.next_event_id(), EventId(6));
}
