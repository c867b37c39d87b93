//! Updates.

use durably_history::{
    Effect, EventId, Input, LimitExceeded, Rejection, Reply, UpdateAbort, UpdateId, UpdateStage,
    UpdateStatus,
};
use durably_proto::api::enums::v1::EventType;

use crate::case::{Case, completed, completion, sticky};
use crate::command::{accept, complete, payloads, protocol, reject, respond, start_timer, update};
use crate::text;

fn idle() -> Case {
    let mut case = Case::start();
    case.work_sticky(vec![]);
    case.skip();
    case
}

fn send(case: &mut Case, id: &str) -> UpdateStage {
    match case.ok(Input::Update(update(id))) {
        Reply::Update(UpdateStatus { stage, .. }) => stage,
        other => panic!("an update's status, not {other:?}"),
    }
}

fn stage(case: &Case, id: &str) -> Option<UpdateStage> {
    case.run
        .update(&UpdateId::from(id))
        .map(|status| status.stage)
}

fn result(stage: Option<UpdateStage>) -> durably_proto::api::common::v1::Payloads {
    use durably_proto::api::update::v1::outcome::Value;
    match stage {
        Some(UpdateStage::Completed(outcome)) => match outcome.value {
            Some(Value::Success(result)) => result,
            other => panic!("a success, not {other:?}"),
        },
        other => panic!("a completed update, not {other:?}"),
    }
}

#[test]
fn an_accepted_update_is_recorded_with_the_task_that_carried_it() {
    let mut case = idle();
    assert_eq!(send(&mut case, "u1"), UpdateStage::Admitted);
    case.expect(&[]);
    let task = case.poll();
    let transient: Vec<_> = task
        .transient
        .iter()
        .map(|e| (e.event_id, e.event_type()))
        .collect();
    assert_eq!(
        transient,
        [
            (5, EventType::WorkflowTaskScheduled),
            (6, EventType::WorkflowTaskStarted)
        ]
    );
    assert_eq!(task.messages[0].id, "u1/request");
    case.answer(
        &task,
        vec![
            protocol("u1/accept"),
            start_timer("1", 5),
            protocol("u1/respond"),
        ],
        vec![accept("u1"), respond("u1", "renamed")],
    );
    case.expect(&[
        "5 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
        "6 workflow_task_started scheduled=5",
        "7 workflow_task_completed scheduled=5 started=6",
        "8 workflow_execution_update_accepted u1 message=u1/request at=5 named=rename",
        "9 timer_started id=1 after=5s",
        "10 workflow_execution_update_completed u1 accepted=8 renamed",
    ]);
    assert_eq!(result(stage(&case, "u1")), payloads("renamed"));
    assert_eq!(
        result(Some(send(&mut case, "u1"))),
        payloads("renamed"),
        "asking again finds the result"
    );
}

#[test]
fn a_rejected_update_leaves_no_trace() {
    let mut case = idle();
    send(&mut case, "u1");
    let task = case.poll();
    let done = case.answer(&task, vec![], vec![reject("u1")]);
    case.expect(&[]);
    assert_eq!(done.reset_to, Some(EventId(3)));
    assert_eq!(stage(&case, "u1"), None);
    let reached = case.effects.iter().find_map(|effect| match effect {
        Effect::UpdateReached(status) => Some(status.stage.clone()),
        _ => None,
    });
    let Some(UpdateStage::Completed(outcome)) = reached else {
        panic!("those who wait are told")
    };
    assert!(
        matches!(outcome.value, Some(durably_proto::api::update::v1::outcome::Value::Failure(f)) if f.message == "no")
    );
}

#[test]
fn commands_of_a_task_that_rejects_an_update_are_recorded() {
    let mut case = idle();
    send(&mut case, "u1");
    let task = case.poll();
    case.answer(&task, vec![start_timer("1", 5)], vec![reject("u1")]);
    case.expect(&[
        "5 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
        "6 workflow_task_started scheduled=5",
        "7 workflow_task_completed scheduled=5 started=6",
        "8 timer_started id=1 after=5s",
    ]);
}

#[test]
fn a_signal_converts_a_speculative_task_to_a_normal_one() {
    let mut case = idle();
    send(&mut case, "u1");
    case.signal("news");
    case.expect(&[
        "5 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
        "6 workflow_execution_signaled news",
    ]);
    let task = case.poll();
    case.expect(&["7 workflow_task_started scheduled=5"]);
    case.answer(&task, vec![], vec![reject("u1")]);
    case.expect(&["8 workflow_task_completed scheduled=5 started=7"]);
}

#[test]
fn a_signal_after_the_start_of_a_speculative_task_records_the_task() {
    let mut case = idle();
    send(&mut case, "u1");
    let task = case.poll();
    case.signal("news");
    case.expect(&[
        "5 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
        "6 workflow_task_started scheduled=5",
    ]);
    case.answer(&task, vec![], vec![reject("u1")]);
    case.expect(&[
        "7 workflow_task_completed scheduled=5 started=6",
        "8 workflow_execution_signaled news",
        "9 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
    ]);
}

#[test]
fn readers_see_the_unrecorded_speculative_task() {
    let mut case = idle();
    send(&mut case, "u1");
    assert_eq!(case.run.unrecorded_events().len(), 1);
    case.poll();
    let ids: Vec<_> = case
        .run
        .unrecorded_events()
        .iter()
        .map(|event| event.event_id)
        .collect();
    assert_eq!(ids, [5, 6]);
}

#[test]
fn an_update_during_a_task_is_carried_by_the_next() {
    let mut case = idle();
    case.signal("news");
    let task = case.poll();
    send(&mut case, "u1");
    case.skip();
    let reply = case.ok(completion(task.token, vec![], vec![], |response| {
        sticky(response);
        response.return_new_workflow_task = true;
    }));
    let next = completed(reply)
        .next
        .expect("the task that carries the update");
    case.expect(&["8 workflow_task_completed scheduled=6 started=7"]);
    assert_eq!(next.messages.len(), 1);
    assert_eq!(next.transient.len(), 2);
}

#[test]
fn an_update_that_the_worker_ignores_is_rejected_by_the_server() {
    let mut case = idle();
    send(&mut case, "u1");
    let task = case.poll();
    case.answer(&task, vec![], vec![]);
    case.expect(&[]);
    assert_eq!(stage(&case, "u1"), None);
}

#[test]
fn a_failed_task_delivers_its_updates_again() {
    let mut case = idle();
    send(&mut case, "u1");
    let task = case.poll();
    case.fail_task(&task);
    case.expect(&[
        "5 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
        "6 workflow_task_started scheduled=5",
        "7 workflow_task_failed scheduled=5 started=6 workflow_worker_unhandled_failure",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    assert_eq!(case.poll().messages[0].protocol_instance_id, "u1");
}

#[test]
fn a_speculative_task_without_a_poll_becomes_normal() {
    let mut case = idle();
    send(&mut case, "u1");
    case.ring();
    case.expect(&[
        "5 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
        "6 workflow_task_timed_out scheduled=5 started=0 schedule_to_start",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn an_accepted_update_fails_when_its_run_completes_first() {
    let mut case = idle();
    send(&mut case, "u1");
    let task = case.poll();
    case.answer(
        &task,
        vec![protocol("u1/accept"), complete("done")],
        vec![accept("u1")],
    );
    let Some(UpdateStage::Completed(outcome)) = stage(&case, "u1") else {
        panic!("an outcome")
    };
    let Some(durably_proto::api::update::v1::outcome::Value::Failure(failure)) = outcome.value
    else {
        panic!("a failure")
    };
    assert_eq!(
        text::failed(Some(&failure)),
        " \"Workflow Update failed because the Workflow completed before the Update completed.\""
    );
}

#[test]
fn an_update_the_worker_never_saw_is_aborted_with_its_run() {
    let mut case = idle();
    case.signal("news");
    let task = case.poll();
    send(&mut case, "u1");
    case.complete(&task, vec![complete("done")]);
    assert!(case.effects.iter().any(|effect| matches!(
        effect,
        Effect::UpdateReached(UpdateStatus {
            stage: UpdateStage::Aborted(UpdateAbort::Closed),
            ..
        })
    )));
    assert!(matches!(
        case.apply(Input::Update(update("u2"))).unwrap_err(),
        Rejection::Closed(_)
    ));
}

#[test]
fn the_number_of_updates_in_flight_is_limited() {
    let mut case = idle();
    for number in 0..10 {
        send(&mut case, &format!("u{number}"));
    }
    let refused = case.apply(Input::Update(update("one more")));
    assert_eq!(
        refused.unwrap_err(),
        Rejection::LimitExceeded(LimitExceeded::UpdatesInFlight { limit: 10 })
    );
    let ids: Vec<_> = case
        .poll()
        .messages
        .into_iter()
        .map(|message| message.protocol_instance_id)
        .collect();
    assert_eq!(ids[..3], ["u0", "u1", "u2"], "in the order they came");
}

#[test]
fn a_run_whose_task_failed_twice_refuses_updates_until_it_succeeds() {
    let mut case = Case::start();
    for attempt in 1..=2 {
        assert_eq!(send(&mut case, "known"), UpdateStage::Admitted, "{attempt}");
        let task = case.poll();
        case.fail_task(&task);
    }
    for id in ["known", "new"] {
        let refused = case.apply(Input::Update(update(id)));
        assert_eq!(refused.unwrap_err(), Rejection::TaskFailing, "{id}");
    }
    let task = case.poll();
    case.complete(&task, vec![]);
    assert_eq!(send(&mut case, "new"), UpdateStage::Admitted);
}

#[test]
fn waiters_are_notified_of_the_last_stage_of_a_task_only() {
    for (answers, closes) in [
        (vec!["accept", "respond"], false),
        (vec!["accept"], true),
        (vec!["accept", "respond"], true),
    ] {
        let mut case = idle();
        send(&mut case, "u1");
        let task = case.poll();
        let mut commands: Vec<_> = answers
            .iter()
            .map(|answer| protocol(&format!("u1/{answer}")))
            .collect();
        commands.extend(closes.then(|| complete("bye")));
        let mut messages = vec![accept("u1")];
        messages.extend((answers.len() > 1).then(|| respond("u1", "renamed")));
        case.answer(&task, commands, messages);
        let told: Vec<_> = case
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::UpdateReached(status) => Some(status),
                _ => None,
            })
            .collect();
        assert!(
            matches!(told[..], [status] if matches!(status.stage, UpdateStage::Completed(_))),
            "{told:?}"
        );
        // A client that comes later may have the result of an update, but not of one that has none.
        let has_result = case.run.has_completed_update(&UpdateId::from("u1"));
        assert_eq!(has_result, answers.len() > 1);
    }
}
