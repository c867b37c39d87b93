//! Resets: runs that start with the first events of another one.

use std::time::Duration;

use durably_history::{
    Deadline, EventId, Input, Rejection, Signal, TimerId, UpdateId, UpdateStage,
};
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
fn a_run_with_a_child_at_the_point_is_refused() {
    let mut case = Case::start();
    case.work(vec![start_child("child")]);
    case.signal("one");
    case.work(Vec::new());
    let ended = case.last().event_id;
    assert!(matches!(
        case.reset(ended).map(|_| ()),
        Err(Rejection::Invalid(_))
    ));
    case.reset(4).expect("there was no child yet");
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
    case.ok(Input::EndForReset("test".to_owned()));
    assert!(!case.run.is_running());
    assert!(!case.run.has_outgoing());
    case.skip();
    let refused = case.apply(Input::EndForReset("again".to_owned()));
    assert!(matches!(refused, Err(Rejection::Closed(_))));
    // A closed run can be reset, too.
    let again = case.reset(4).expect("a task ended there");
    assert_eq!(again.run.next_event_id(), EventId(6));
}
