use durably_engine::{
    ChildAnswer, ChildCancellationType, ChildId, ChildOutcome, ChildStartFault, Command,
    CommandSummary, Completion, EngineError, ExternalFault, FailureInfo, FailureRecord, RetryState,
    TimeoutKind,
};

use crate::case::{Code, Cx, End, Worker, World, application, commands, sticky, task};

fn end(outcome: &ChildOutcome) -> End {
    End::Complete(match outcome {
        ChildOutcome::Completed(_) => "completed".to_owned(),
        ChildOutcome::Failed(failure) => format!(
            "{}: {:?}",
            failure.message,
            failure.cause.as_ref().map(|it| &it.message)
        ),
        ChildOutcome::Cancelled(_) => "cancelled".to_owned(),
    })
}

fn completed() -> ChildAnswer {
    ChildAnswer::Completed { result: Vec::new() }
}

fn canceled() -> ChildAnswer {
    ChildAnswer::Canceled {
        details: Vec::new(),
    }
}

const CALL: Code = |cx| Box::pin(async move { end(&cx.child("Shipment").await) });

/// Starts a child, waits for a signal, cancels it, and tells how it ended.
fn cancelling(cancellation: ChildCancellationType) -> Code {
    use ChildCancellationType as Type;
    match cancellation {
        Type::TryCancel => |cx| Box::pin(cancel(cx, Type::TryCancel)),
        Type::WaitRequested => |cx| Box::pin(cancel(cx, Type::WaitRequested)),
        Type::WaitCompleted => |cx| Box::pin(cancel(cx, Type::WaitCompleted)),
        Type::Abandon => |cx| Box::pin(cancel(cx, Type::Abandon)),
    }
}

async fn cancel(cx: Cx, cancellation: ChildCancellationType) -> End {
    let seq = cx.start_child("Shipment", cancellation);
    cx.signal().await;
    cx.cancel_child(seq);
    end(&cx.ended(seq).await)
}

/// A world and a worker whose child was asked for, and a signal that asks to cancel it.
fn initiated(cancellation: ChildCancellationType) -> (World, Worker) {
    let (mut world, mut worker) = (World::new(), Worker::new(cancelling(cancellation)));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("stop");
    (world, worker)
}

/// The same, with a child that runs.
fn running(cancellation: ChildCancellationType) -> (World, Worker) {
    let (mut world, worker) = initiated(cancellation);
    world.start_child();
    (world, worker)
}

/// How the child of a parent that only waits for it ended.
#[track_caller]
fn ended(how: ChildAnswer) -> FailureRecord {
    let (mut world, mut worker) = (World::new(), Worker::new(CALL));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    if !matches!(how, ChildAnswer::NotStarted(_)) {
        world.start_child();
    }
    world.end_child(how);
    worker.handle(sticky(&world.take_task())).unwrap();
    let outcome = worker.outcomes.pop().expect("the child has ended");
    match outcome {
        ChildOutcome::Failed(failure) | ChildOutcome::Cancelled(failure) => failure,
        ChildOutcome::Completed(_) => panic!("expected a failure"),
    }
}

#[test]
fn child_is_started_with_an_id_and_a_task_queue() {
    let (mut world, mut worker) = (World::new(), Worker::new(CALL));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start child Shipment"]);
    let Command::StartChild(asked) = &task(&answer).commands[0] else {
        panic!("the command starts a child");
    };
    assert_eq!(asked.id.as_str(), "child-1");
    assert_eq!(asked.task_queue.as_deref(), Some("queue"));
    assert_eq!(asked.input.len(), 1);
}

#[test]
fn result_reaches_the_code() {
    let (mut world, mut worker) = (World::new(), Worker::new(CALL));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.start_child();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    world.answer(&answer);
    world.end_child(completed());
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete completed"]);
}

#[test]
fn code_that_waits_for_the_start_gets_the_run() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let seq = cx.start_child("Shipment", ChildCancellationType::default());
            let started = cx.started(seq).await;
            End::Complete(format!("{} {}", started.workflow_id, started.run_id))
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(CODE));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.start_child();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete child-1 run-5"]);
}

#[test]
fn failure_names_the_child_and_wraps_its_cause() {
    let failure = ended(ChildAnswer::Failed {
        failure: Box::new(application("no address")),
        retry_state: RetryState::MaximumAttemptsReached,
    });
    assert_eq!(failure.message, "Child Workflow execution failed");
    assert_eq!(
        failure.cause.map(|it| it.message),
        Some("no address".to_owned())
    );
    let FailureInfo::ChildWorkflow {
        namespace,
        workflow_id,
        run_id,
        workflow_type,
        initiated,
        started,
        retry_state,
    } = failure.info
    else {
        panic!("the failure names the child");
    };
    assert_eq!(
        [&*namespace, &*workflow_id, &*run_id, &*workflow_type],
        ["default", "child-1", "run-5", "Shipment"]
    );
    assert_eq!((initiated.0, started.0), (5, 6));
    assert_eq!(retry_state, RetryState::MaximumAttemptsReached);
}

#[test]
fn every_other_end_is_told_by_the_cause() {
    let cause = |how| {
        let failure = ended(how);
        (failure.message, failure.cause.map(|it| it.info))
    };
    let (message, info) = cause(canceled());
    assert_eq!(message, "Child Workflow execution cancelled");
    assert!(matches!(info, Some(FailureInfo::Canceled { .. })));
    let (message, info) = cause(ChildAnswer::Terminated);
    assert_eq!(message, "Child Workflow execution terminated");
    assert!(matches!(info, Some(FailureInfo::Terminated)));
    let retry_state = RetryState::Timeout;
    let (message, info) = cause(ChildAnswer::TimedOut { retry_state });
    assert_eq!(message, "Child Workflow execution timed out");
    let kind = match info {
        Some(FailureInfo::Timeout { kind, .. }) => kind,
        other => panic!("expected a timeout, found {other:?}"),
    };
    assert_eq!(kind, TimeoutKind::StartToClose);
}

#[test]
fn child_that_could_not_be_started_has_failed_and_says_why() {
    let failure = ended(ChildAnswer::NotStarted(ChildStartFault::AlreadyStarted));
    let cause = failure.cause.expect("it says why");
    let FailureInfo::Application { kind, .. } = cause.info else {
        panic!("the cause has a kind");
    };
    assert_eq!(
        ChildStartFault::from_kind(&kind),
        Some(ChildStartFault::AlreadyStarted)
    );
    let FailureInfo::ChildWorkflow {
        initiated, started, ..
    } = failure.info
    else {
        panic!("the failure names the child");
    };
    assert_eq!((initiated.0, started.0), (5, 0));
}

#[test]
fn child_cancelled_before_sent_leaves_no_command_and_is_cancelled() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let seq = cx.start_child("Shipment", ChildCancellationType::WaitCompleted);
            cx.cancel_child(seq);
            end(&cx.ended(seq).await)
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(CODE));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete cancelled"]);
}

#[test]
fn try_cancel_requests_cancellation_and_goes_on_at_once() {
    let (mut world, mut worker) = running(ChildCancellationType::TryCancel);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(
        commands(&answer),
        ["cancel child child-1: enough", "complete cancelled"]
    );
}

#[test]
fn child_cancelled_before_it_started_is_requested_to_stop() {
    let (mut world, mut worker) = initiated(ChildCancellationType::WaitCompleted);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["cancel child child-1: enough"]);
    world.answer(&answer);
    world.start_child();
    world.deliver_cancel(Ok(()));
    world.end_child(canceled());
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete cancelled"]);
}

#[test]
fn wait_completed_requests_cancellation_and_waits_for_how_the_child_ends() {
    let (mut world, mut worker) = running(ChildCancellationType::WaitCompleted);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["cancel child child-1: enough"]);
    world.answer(&answer);
    world.deliver_cancel(Ok(()));
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    world.answer(&answer);
    let mut stubborn = world.clone();

    world.end_child(canceled());
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete cancelled"]);

    stubborn.end_child(completed());
    let mut second = Worker::new(cancelling(ChildCancellationType::WaitCompleted));
    let answer = second.handle(stubborn.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete completed"]);
}

#[test]
fn wait_requested_waits_for_the_delivery_of_the_request() {
    let (mut world, mut worker) = running(ChildCancellationType::WaitRequested);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["cancel child child-1: enough"]);
    world.answer(&answer);
    world.deliver_cancel(Ok(()));
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete cancelled"]);
}

#[test]
fn wait_requested_whose_request_finds_no_running_child_waits_for_how_it_ended() {
    let (mut world, mut worker) = running(ChildCancellationType::WaitRequested);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    world.deliver_cancel(Err(ExternalFault::NotFound));
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    world.answer(&answer);
    world.end_child(completed());
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete completed"]);
}

/// A world and a worker whose child was cancelled before it started.
fn cancelled_early(cancellation: ChildCancellationType) -> (World, Worker) {
    let (mut world, mut worker) = initiated(cancellation);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer)[0], "cancel child child-1: enough");
    world.answer(&answer);
    (world, worker)
}

#[test]
fn a_cancel_request_that_came_before_the_start_of_the_child_is_repeated() {
    use ChildCancellationType as Type;
    const FAIL: fn(&mut World) = |world| world.deliver_cancel(Err(ExternalFault::NotFound));
    const START: fn(&mut World) = World::start_child;
    for cancellation in [Type::WaitCompleted, Type::WaitRequested] {
        for events in [[FAIL, START], [START, FAIL]] {
            for between in [false, true] {
                let (mut world, mut worker) = cancelled_early(cancellation);
                events[0](&mut world);
                if between {
                    let answer = worker.handle(sticky(&world.take_task())).unwrap();
                    assert_eq!(commands(&answer), [""; 0]);
                    world.answer(&answer);
                }
                events[1](&mut world);
                let answer = worker.handle(sticky(&world.take_task())).unwrap();
                assert_eq!(commands(&answer), ["cancel child child-1: enough"]);
                world.answer(&answer);
                world.deliver_cancel(Ok(()));
                world.end_child(canceled());
                let mut replayed = world.clone();
                let answer = worker.handle(sticky(&world.take_task())).unwrap();
                assert_eq!(commands(&answer), ["complete cancelled"]);
                let mut replay = Worker::new(cancelling(cancellation));
                let answer = replay.handle(replayed.take_task()).unwrap();
                assert_eq!(commands(&answer), ["complete cancelled"]);
                assert_eq!(replay.jobs, worker.jobs);
            }
        }
    }
}

#[test]
fn a_request_that_found_no_child_any_more_is_not_repeated() {
    let (mut world, mut worker) = running(ChildCancellationType::WaitCompleted);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    world.deliver_cancel(Err(ExternalFault::NotFound));
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);

    let (mut world, mut worker) = cancelled_early(ChildCancellationType::WaitCompleted);
    world.deliver_cancel(Err(ExternalFault::NotFound));
    world.start_child();
    world.end_child(completed());
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete completed"]);
}

#[test]
fn a_child_that_counts_as_cancelled_at_once_gets_the_request_again_too() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let seq = cx.start_child("Shipment", ChildCancellationType::TryCancel);
            cx.signal().await;
            cx.cancel_child(seq);
            cx.ended(seq).await;
            cx.signal().await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(CODE));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("stop");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    world.deliver_cancel(Err(ExternalFault::NotFound));
    world.start_child();
    world.signal("end");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    let expected = ["cancel child child-1: enough", "complete 1"];
    assert_eq!(commands(&answer), expected);
}

/// A history of a version, or of another SDK, that did not repeat requests.
#[test]
fn user_code_repeats_the_request_where_a_history_says_that_the_engine_did_not() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let seq = cx.start_child("Shipment", ChildCancellationType::WaitCompleted);
            for _ in 0..2 {
                cx.signal().await;
                cx.cancel_child(seq);
            }
            end(&cx.ended(seq).await)
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(CODE));
    let mut first = task(&worker.handle(world.take_task()).unwrap()).clone();
    first.sdk.lang_flags.retain(|flag| *flag != 4);
    world.answer(&Completion::Task(first));
    world.signal("stop");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    let mut second = task(&answer).clone();
    second.sdk = Default::default();
    world.answer(&Completion::Task(second));
    world.deliver_cancel(Err(ExternalFault::NotFound));
    world.start_child();
    world.take_task();
    world.answer(&Completion::Task(Default::default()));
    world.signal("stop");
    let mut replay = Worker::new(CODE);
    let answer = replay.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["cancel child child-1: enough"]);
}

#[test]
fn abandon_requests_nothing_and_goes_on_at_once() {
    let (mut world, mut worker) = running(ChildCancellationType::Abandon);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete cancelled"]);
}

#[test]
fn request_may_be_answered_after_the_child_has_closed() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let seq = cx.start_child("Shipment", ChildCancellationType::WaitCompleted);
            cx.signal().await;
            cx.cancel_child(seq);
            cx.ended(seq).await;
            cx.signal().await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(CODE));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.start_child();
    world.signal("stop");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    world.end_child(canceled());
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    world.deliver_cancel(Err(ExternalFault::NotFound));
    world.signal("end");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete 1"]);
}

#[test]
fn child_that_ended_in_the_slice_that_cancels_it_leaves_no_command() {
    let (mut world, mut worker) = running(ChildCancellationType::TryCancel);
    world.end_child(completed());
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete completed"]);
}

#[test]
fn what_a_child_does_after_it_counts_as_cancelled_is_not_told() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let seq = cx.start_child("Shipment", ChildCancellationType::TryCancel);
            cx.signal().await;
            cx.cancel_child(seq);
            cx.ended(seq).await;
            cx.signal().await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(CODE));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("stop");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    world.start_child();
    world.deliver_cancel(Ok(()));
    world.end_child(completed());
    let before = worker.jobs.len();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    assert_eq!(
        worker.jobs.len() - before,
        2,
        "advance and settle, nothing else"
    );
}

#[test]
fn replay_takes_over_a_recorded_id_that_was_made_up_otherwise() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let id = ChildId::Generated("another".to_owned());
            let seq = cx.start_child_as("Shipment", id, ChildCancellationType::default());
            End::Complete(cx.started(seq).await.workflow_id)
        })
    };
    let mut world = World::new();
    let answer = Worker::new(CALL).handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.start_child();
    let answer = Worker::new(CODE).handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete child-1"]);
}

#[test]
fn another_type_and_another_chosen_id_are_mismatches() {
    fn attempted(code: Code) -> (Option<CommandSummary>, Option<CommandSummary>) {
        const FIRST: Code = |cx| {
            Box::pin(async move {
                let id = ChildId::Chosen("ship-7".to_owned());
                let seq = cx.start_child_as("Shipment", id, ChildCancellationType::default());
                end(&cx.ended(seq).await)
            })
        };
        let mut world = World::new();
        let answer = Worker::new(FIRST).handle(world.take_task()).unwrap();
        world.answer(&answer);
        world.start_child();
        match Worker::new(code).handle(world.take_task()).unwrap_err() {
            EngineError::Mismatch(mismatch) => (mismatch.recorded, mismatch.attempted),
            other => panic!("expected a mismatch, found {other}"),
        }
    }
    let summary = |workflow_type: &str, workflow_id: Option<&str>| {
        Some(CommandSummary::StartChild {
            workflow_type: workflow_type.to_owned(),
            workflow_id: workflow_id.map(str::to_owned),
        })
    };
    let recorded = summary("Shipment", Some("ship-7"));
    let other_type = attempted(|cx| Box::pin(async move { end(&cx.child("Refund").await) }));
    assert_eq!(other_type, (recorded.clone(), summary("Refund", None)));
    let other_id = attempted(|cx| {
        Box::pin(async move {
            let id = ChildId::Chosen("ship-8".to_owned());
            let seq = cx.start_child_as("Shipment", id, ChildCancellationType::default());
            end(&cx.ended(seq).await)
        })
    });
    assert_eq!(other_id, (recorded, summary("Shipment", Some("ship-8"))));
}

#[test]
fn a_recorded_id_that_is_a_uuid_counts_as_made_up() {
    const FIRST: Code = |cx| {
        Box::pin(async move {
            let id = ChildId::Generated("7b1a3f60-1c2d-4e5f-8a9b-0c1d2e3f4a5b".to_owned());
            let seq = cx.start_child_as("Shipment", id, ChildCancellationType::default());
            end(&cx.ended(seq).await)
        })
    };
    let mut world = World::new();
    let answer = Worker::new(FIRST).handle(world.take_task()).unwrap();
    world.answer(&answer);
    let other: Code = |cx| {
        Box::pin(async move {
            cx.sleep(1).await;
            End::Cancel
        })
    };
    let error = Worker::new(other).handle(world.take_task()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("recorded:  start child workflow `Shipment`\n"),
        "{text}"
    );
}
