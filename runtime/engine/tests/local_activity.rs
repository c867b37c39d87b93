use std::time::{Duration, SystemTime};

use durably_engine::{
    ActivityOutcome, CancellationType, Completion, EngineError, FailureInfo, FailureRecord,
    RetryState, TaskCompletion,
};

use crate::case::{Code, End, Worker, World, commands, sticky, task};

const ONE: Code = |cx| {
    Box::pin(async move {
        cx.local("one").await;
        End::Complete("1".to_owned())
    })
};

const SLOW: Code = |cx| {
    Box::pin(async move {
        let slow = cx.start_local("slow", CancellationType::TryCancel);
        cx.say(&cx.signal().await);
        cx.resolved(slow).await;
        End::Complete("1".to_owned())
    })
};

#[test]
fn a_local_activity_ends_in_the_task_that_called_it() {
    let (mut world, mut worker) = (World::new(), Worker::new(ONE));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["one 1 completed", "complete 1"]);
    assert_eq!(worker.requests, ["run one, attempt 1"]);
}

#[test]
fn a_replay_takes_the_end_from_the_marker() {
    const THEN_A_TIMER: Code = |cx| {
        Box::pin(async move {
            cx.local("one").await;
            cx.sleep(1).await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut live) = (World::new(), Worker::new(THEN_A_TIMER));
    let answer = live.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["one 1 completed", "start timer 1"]);
    world.answer(&answer);
    world.fire();
    let mut replay = Worker::new(THEN_A_TIMER);
    let answer = replay.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete 1"]);
    assert_eq!(replay.requests, [""; 0]);
}

#[test]
fn workflow_time_moves_with_the_end_of_a_local_activity() {
    const TWICE: Code = |cx| {
        Box::pin(async move {
            cx.local("one").await;
            cx.local("two").await;
            let now = cx.0.borrow().now.expect("a task has begun");
            let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            End::Complete(since.as_millis().to_string())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(TWICE));
    let answer = worker.handle(world.take_task()).unwrap();
    // The task began at 1002 s, and each activity took 250 ms.
    assert_eq!(commands(&answer)[2], "complete 1002500");
    world.answer(&answer);
    let mut replay = Worker::new(TWICE);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, worker.jobs);
}

#[test]
fn a_task_may_be_answered_while_a_local_activity_runs() {
    let (mut world, mut worker) = (World::new(), Worker::new(SLOW));
    let heartbeat = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&heartbeat), [""; 0]);
    world.answer(&heartbeat);
    world.signal("hello");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["slow 1 completed", "complete 1"]);
    assert_eq!(worker.requests, ["run slow, attempt 1"]);
    world.answer(&answer);

    let mut replay = Worker::new(SLOW);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, worker.jobs);
}

#[test]
fn one_without_a_marker_runs_again_on_the_worker_that_takes_over() {
    let (mut world, mut lost) = (World::new(), Worker::new(SLOW));
    let heartbeat = lost.handle(world.take_task()).unwrap();
    world.answer(&heartbeat);
    world.signal("hello");
    let mut second = Worker::new(SLOW);
    let heartbeat = second.handle(world.take_task()).unwrap();
    assert_eq!(commands(&heartbeat), [""; 0]);
    assert_eq!(second.requests, ["run slow, attempt 1"]);
    world.answer(&heartbeat);
    let answer = second.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["slow 1 completed", "complete 1"]);
}

#[test]
fn the_next_attempt_after_a_timer_has_a_number_of_its_own() {
    const FLAKY: Code = |cx| {
        Box::pin(async move {
            cx.local("flaky").await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(FLAKY));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["flaky 1 backs off", "start timer 1"]);
    world.answer(&answer);
    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["flaky 2 backs off", "start timer 2"]);
    world.answer(&answer);
    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["flaky 3 completed", "complete 1"]);
    let attempts = [
        "run flaky, attempt 1",
        "run flaky, attempt 2",
        "run flaky, attempt 3",
    ];
    assert_eq!(worker.requests, attempts);
}

#[test]
fn one_that_is_cancelled_while_its_timer_runs_cancels_the_timer() {
    const STOPPED: Code = |cx| {
        Box::pin(async move {
            let flaky = cx.start_local("flaky", CancellationType::WaitCompleted);
            cx.cancelled().await;
            cx.cancel_activity(flaky);
            let outcome = cx.resolved(flaky).await;
            assert!(
                matches!(outcome, ActivityOutcome::Cancelled(_)),
                "{outcome:?}"
            );
            End::Cancel
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(STOPPED));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.request_cancel();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["cancel timer 1", "cancel"]);
    world.answer(&answer);
    let mut replay = Worker::new(STOPPED);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, worker.jobs);
}

#[test]
fn one_that_is_cancelled_as_it_backs_off_starts_no_timer() {
    const STOPPED: Code = |cx| {
        Box::pin(async move {
            // The last one ends first.
            let other = cx.start_local("other", CancellationType::TryCancel);
            let flaky = cx.start_local("flaky", CancellationType::TryCancel);
            cx.resolved(other).await;
            cx.cancel_activity(flaky);
            cx.resolved(flaky).await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(STOPPED));
    let answer = worker.handle(world.take_task()).unwrap();
    let expected = ["flaky 2 backs off", "other 1 completed", "complete 1"];
    assert_eq!(commands(&answer), expected);
    world.answer(&answer);
    let mut replay = Worker::new(STOPPED);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, worker.jobs);
}

#[test]
fn one_that_fails_after_its_cancellation_was_requested_is_not_tried_again() {
    const STOPPED: Code = |cx| {
        Box::pin(async move {
            let stubborn = cx.start_local("stubborn", CancellationType::WaitCompleted);
            cx.local("one").await;
            cx.cancel_activity(stubborn);
            let outcome = cx.resolved(stubborn).await;
            assert!(matches!(outcome, ActivityOutcome::Failed(_)), "{outcome:?}");
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(STOPPED));
    let answer = worker.handle(world.take_task()).unwrap();
    let expected = [
        "one 2 completed",
        "stubborn 1 failed: not yet",
        "complete 1",
    ];
    assert_eq!(commands(&answer), expected);
    world.answer(&answer);
    let mut replay = Worker::new(STOPPED);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, worker.jobs);
}

#[test]
fn failures_name_the_activity() {
    const FAIL: Code = |cx| {
        Box::pin(async move {
            let outcome = cx.local("fail").await;
            let ActivityOutcome::Failed(FailureRecord {
                info:
                    FailureInfo::Activity {
                        activity_type,
                        activity_id,
                        retry_state,
                        ..
                    },
                cause: Some(cause),
                ..
            }) = outcome
            else {
                panic!("{outcome:?}");
            };
            assert_eq!(retry_state, RetryState::Timeout);
            End::Fail(format!("{activity_type} {activity_id} {}", cause.message))
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(FAIL));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["fail 1 failed: no", "fail: fail 1 no"]);
}

#[test]
fn markers_of_other_sdks_may_stand_before_the_commands_of_other_ends() {
    const BOTH: Code = |cx| {
        Box::pin(async move {
            let first = cx.start_local("first", CancellationType::TryCancel);
            let second = cx.start_local("second", CancellationType::TryCancel);
            cx.resolved(second).await;
            cx.start_timer(7);
            cx.resolved(first).await;
            cx.sleep(1).await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(BOTH));
    let answer = worker.handle(world.take_task()).unwrap();
    let expected = [
        "second 2 completed",
        "start timer 1",
        "first 1 completed",
        "start timer 2",
    ];
    assert_eq!(commands(&answer), expected);
    world.answer(&answer);
    // The shared core takes several ends in at once: their markers come first.
    let at = world.history.len() - 3;
    let (timer, marker) = (
        world.history[at].kind.clone(),
        world.history[at + 1].kind.clone(),
    );
    world.history[at].kind = marker;
    world.history[at + 1].kind = timer;
    Worker::new(BOTH).handle(world.replay()).unwrap();
}

#[test]
fn ends_of_one_activation_come_together() {
    const RACE: Code = |cx| {
        Box::pin(async move {
            let first = cx.start_local("first", CancellationType::TryCancel);
            let second = cx.start_local("second", CancellationType::TryCancel);
            cx.resolved(second).await;
            let together = cx.0.borrow().activities.contains_key(&first);
            End::Complete(together.to_string())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(RACE));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["second 2 completed", "complete false"]);
    world.answer(&answer);
    let mut replay = Worker::new(RACE);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, worker.jobs);
}

#[test]
fn another_activity_than_the_recorded_one_is_a_mismatch_that_names_both() {
    const OTHER: Code = |cx| {
        Box::pin(async move {
            cx.local("other").await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(ONE));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    let error = Worker::new(OTHER).handle(world.replay()).unwrap_err();
    let EngineError::Mismatch(mismatch) = &error else {
        panic!("{error}");
    };
    assert_eq!(mismatch.differences()[0].field, "activity type");
    let text = mismatch.to_string();
    assert!(
        text.contains("recorded:  record the end of local activity `one`"),
        "{text}"
    );
    assert!(
        text.contains("this run:  record the end of local activity `other`"),
        "{text}"
    );
    assert!(text.contains(", at runtime"), "{text}");
}

#[test]
fn an_activity_in_place_of_a_local_one_is_a_mismatch() {
    const REMOTE: Code = |cx| {
        Box::pin(async move {
            cx.activity("one").await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(ONE));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    let error = Worker::new(REMOTE).handle(world.replay()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("this run:  start activity `one`"), "{text}");
}

#[test]
fn a_run_that_ends_waits_for_no_local_activity() {
    const LEAVES: Code = |cx| {
        Box::pin(async move {
            cx.start_local("hang", CancellationType::TryCancel);
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(LEAVES));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete 1"]);
    assert!(worker.run.has_ended());
    assert_eq!(worker.requests, [""; 0]);
}

#[test]
fn the_markers_say_when_and_how_often() {
    let (mut world, mut worker) = (World::new(), Worker::new(ONE));
    let answer = worker.handle(world.take_task()).unwrap();
    let task = task(&answer);
    let durably_engine::Command::MarkLocalActivity { marked, .. } = &task.commands[0] else {
        panic!("{:?}", task.commands[0]);
    };
    let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_002);
    assert_eq!(
        marked.complete_time,
        Some(began + Duration::from_millis(250))
    );
    assert_eq!((marked.attempt, marked.activation), (1, Some(1)));
    assert_eq!(marked.activity_id, "1");
}

/// The marker that history holds last.
fn last_marked(world: &mut World) -> &mut durably_engine::LocalActivityMarked {
    let events = world.history.iter_mut().rev();
    let mut marked = events.filter_map(|event| match &mut event.kind {
        durably_engine::EventKind::Command(durably_engine::CommandEvent::LocalActivityMarked(
            marked,
        )) => Some(&mut **marked),
        _ => None,
    });
    marked.next().expect("a local activity has ended")
}

#[test]
fn a_run_that_cancels_what_history_completed_is_a_mismatch() {
    const WAITS: Code = |cx| {
        Box::pin(async move {
            let first = cx.start_local("first", CancellationType::TryCancel);
            let second = cx.start_local("second", CancellationType::TryCancel);
            cx.resolved(second).await;
            cx.resolved(first).await;
            End::Complete("1".to_owned())
        })
    };
    const CANCELS: Code = |cx| {
        Box::pin(async move {
            let first = cx.start_local("first", CancellationType::TryCancel);
            let second = cx.start_local("second", CancellationType::TryCancel);
            cx.cancel_activity(first);
            cx.resolved(first).await;
            cx.resolved(second).await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut live) = (World::new(), Worker::new(WAITS));
    let answer = live.handle(world.take_task()).unwrap();
    let expected = ["second 2 completed", "first 1 completed", "complete 1"];
    assert_eq!(commands(&answer), expected);
    world.answer(&answer);
    let error = Worker::new(CANCELS).handle(world.replay()).unwrap_err();
    let EngineError::Mismatch(mismatch) = &error else {
        panic!("{error}");
    };
    let text = mismatch.to_string();
    assert!(text.contains("local activity `first`: completed"), "{text}");
    assert!(text.contains("local activity `first`: cancelled"), "{text}");
    let differences = mismatch.differences();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0].field, "end");
}

#[test]
fn an_attempt_number_at_the_limit_of_its_type_is_not_counted_further() {
    const FLAKY: Code = |cx| {
        Box::pin(async move {
            cx.local("flaky").await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut live) = (World::new(), Worker::new(FLAKY));
    let answer = live.handle(world.take_task()).unwrap();
    world.answer(&answer);
    last_marked(&mut world).attempt = u32::MAX;
    world.fire();
    let mut replay = Worker::new(FLAKY);
    replay.handle(world.take_task()).unwrap();
    assert_eq!(replay.requests, ["run flaky, attempt 4294967295"]);
}

#[test]
fn another_sdk_may_complete_a_task_between_a_marker_and_what_follows_it() {
    const THEN_A_TIMER: Code = |cx| {
        Box::pin(async move {
            cx.local("one").await;
            cx.sleep(1).await;
            End::Complete("1".to_owned())
        })
    };
    let of = |sdk: &str| {
        let (mut world, mut worker) = (World::new(), Worker::new(THEN_A_TIMER));
        let answer = worker.handle(world.take_task()).unwrap();
        let mut first = task(&answer).clone();
        first.sdk.name = sdk.to_owned();
        let timer = first.commands.split_off(1);
        world.answer(&Completion::Task(first));
        world.take_task();
        world.answer(&Completion::Task(TaskCompletion {
            commands: timer,
            ..TaskCompletion::default()
        }));
        world.fire();
        Worker::new(THEN_A_TIMER).handle(world.take_task())
    };
    let answer = of("temporal-python").unwrap();
    assert_eq!(commands(&answer), ["complete 1"]);
    let error = of("durably").unwrap_err();
    assert!(matches!(error, EngineError::Mismatch(_)), "{error}");
}

#[test]
fn what_follows_a_marker_of_another_sdk_is_sent_with_the_next_task() {
    const THEN_A_TIMER: Code = |cx| {
        Box::pin(async move {
            cx.local("one").await;
            cx.sleep(1).await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(THEN_A_TIMER));
    let answer = worker.handle(world.take_task()).unwrap();
    let mut first = task(&answer).clone();
    first.sdk.name = "temporal-python".to_owned();
    first.commands.truncate(1);
    world.answer(&Completion::Task(first));
    let answer = Worker::new(THEN_A_TIMER).handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start timer 1"]);
}
