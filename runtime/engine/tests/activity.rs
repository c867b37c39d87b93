use durably_engine::{ActivityOutcome, CancellationType, FailureInfo};

use crate::case::{Code, End, Worker, World, application, commands, sticky, task};

fn end(outcome: &ActivityOutcome) -> End {
    End::Complete(match outcome {
        ActivityOutcome::Completed(_) => "completed".to_owned(),
        ActivityOutcome::Failed(failure) => format!(
            "{}: {:?}",
            failure.message,
            failure.cause.as_ref().map(|it| &it.message)
        ),
        ActivityOutcome::Cancelled(_) => "cancelled".to_owned(),
    })
}

const CALL: Code = |cx| Box::pin(async move { end(&cx.activity("greet").await) });

/// Starts an activity, waits for a signal, cancels it, and tells how it ended.
fn cancelling(cancellation: CancellationType) -> Code {
    match cancellation {
        CancellationType::TryCancel => |cx| Box::pin(cancel(cx, CancellationType::TryCancel)),
        CancellationType::WaitCompleted => {
            |cx| Box::pin(cancel(cx, CancellationType::WaitCompleted))
        }
        CancellationType::Abandon => |cx| Box::pin(cancel(cx, CancellationType::Abandon)),
    }
}

async fn cancel(cx: crate::case::Cx, cancellation: CancellationType) -> End {
    let seq = cx.start_activity("greet", cancellation);
    cx.signal().await;
    cx.cancel_activity(seq);
    end(&cx.resolved(seq).await)
}

/// A world and a worker whose activity runs, and a signal that asks to cancel it.
fn running(cancellation: CancellationType) -> (World, Worker) {
    let (mut world, mut worker) = (World::new(), Worker::new(cancelling(cancellation)));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("stop");
    (world, worker)
}

#[test]
fn activity_is_started_with_an_id_and_a_task_queue() {
    let (mut world, mut worker) = (World::new(), Worker::new(CALL));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start activity greet"]);
    let durably_engine::Command::ScheduleActivity(asked) = &task(&answer).commands[0] else {
        panic!("the command starts an activity");
    };
    assert_eq!(asked.activity_id.as_deref(), Some("1"));
    assert_eq!(asked.task_queue.as_deref(), Some("queue"));
    assert_eq!(asked.input.len(), 1);
}

#[test]
fn result_reaches_the_code() {
    let (mut world, mut worker) = (World::new(), Worker::new(CALL));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.complete_activity();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete completed"]);
}

#[test]
fn failure_names_the_activity_and_wraps_its_cause() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                let ActivityOutcome::Failed(failure) = cx.activity("greet").await else {
                    return End::Fail("expected a failure".to_owned());
                };
                let FailureInfo::Activity {
                    activity_type,
                    activity_id,
                    scheduled,
                    ..
                } = failure.info
                else {
                    return End::Fail("expected an activity".to_owned());
                };
                let cause = failure.cause.map(|it| it.message).unwrap_or_default();
                End::Complete(format!(
                    "{activity_type} {activity_id} of {scheduled}: {cause}"
                ))
            })
        }),
    );
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.fail_activity(application("no such name"));
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete greet 1 of 5: no such name"]);
}

#[test]
fn activity_cancelled_before_sent_leaves_no_command_and_is_cancelled() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                let seq = cx.start_activity("greet", CancellationType::WaitCompleted);
                cx.cancel_activity(seq);
                end(&cx.resolved(seq).await)
            })
        }),
    );
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete cancelled"]);
}

#[test]
fn try_cancel_asks_the_activity_to_stop_and_goes_on_at_once() {
    let (mut world, mut worker) = running(CancellationType::TryCancel);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(
        commands(&answer),
        ["cancel activity of event 5", "complete cancelled"]
    );
}

#[test]
fn wait_completed_asks_the_activity_to_stop_and_waits_for_how_it_ends() {
    let (mut world, mut worker) = running(CancellationType::WaitCompleted);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["cancel activity of event 5"]);
    world.answer(&answer);
    let (mut stubborn, mut second) = (
        world.clone(),
        Worker::new(cancelling(CancellationType::WaitCompleted)),
    );

    world.cancel_activity();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete cancelled"]);

    stubborn.complete_activity();
    let answer = second.handle(stubborn.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete completed"]);
}

#[test]
fn abandon_asks_nobody_and_goes_on_at_once() {
    let (mut world, mut worker) = running(CancellationType::Abandon);
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete cancelled"]);
}

#[test]
fn activity_that_ended_in_the_slice_that_cancels_it_leaves_no_command() {
    let (mut world, mut worker) = running(CancellationType::TryCancel);
    world.complete_activity();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete completed"]);
}

#[test]
fn what_an_activity_does_after_it_counts_as_cancelled_is_not_told() {
    const CODE: Code = |cx| {
        Box::pin(async move {
            let seq = cx.start_activity("greet", CancellationType::TryCancel);
            cx.signal().await;
            cx.cancel_activity(seq);
            cx.resolved(seq).await;
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
    world.complete_activity();
    let before = worker.jobs.len();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    assert_eq!(
        worker.jobs.len() - before,
        2,
        "advance and settle, nothing else"
    );
}
