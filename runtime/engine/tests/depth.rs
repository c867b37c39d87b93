//! The same code on the same history issues the same commands, however much of it is replayed; and
//! it is told the same jobs in the same order.

use durably_engine::{
    CancellationType, ChildAnswer, ChildCancellationType, Completion, ExternalFault, Target, Task,
};

use crate::case::{Code, End, Worker, World, sticky};

/// What happens in the world before each task.
type Script = fn(step: usize, world: &mut World);

#[track_caller]
fn same_at_every_depth(code: Code, script: Script) {
    let (mut world, mut live) = (World::new(), Worker::new(code));
    let mut tasks: Vec<(Task, Completion)> = Vec::new();
    while !world.ended {
        assert!(tasks.len() < 20, "the run ends");
        script(tasks.len(), &mut world);
        let task = world.take_task();
        let answer = live.handle(sticky(&task)).unwrap();
        world.answer(&answer);
        tasks.push((task, answer));
    }
    for depth in 0..tasks.len() {
        let mut worker = Worker::new(code);
        for (at, (task, answer)) in tasks.iter().enumerate().skip(depth) {
            let task = if at == depth {
                task.clone()
            } else {
                sticky(task)
            };
            let commands = worker.handle(task).unwrap();
            assert_eq!(commands, *answer, "task {at}, replayed up to task {depth}");
        }
        assert_eq!(worker.jobs, live.jobs, "replayed up to task {depth}");
    }
    let mut replay = Worker::new(code);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, live.jobs, "replayed to the end");
}

#[test]
fn activities_one_after_another() {
    same_at_every_depth(
        |cx| {
            Box::pin(async move {
                for _ in 0..5 {
                    cx.activity("step").await;
                }
                End::Complete("5".to_owned())
            })
        },
        |step, world| {
            if step > 0 {
                world.complete_activity();
            }
        },
    );
}

#[test]
fn timers_and_activities_at_once_with_patches_and_signals() {
    same_at_every_depth(
        |cx| {
            Box::pin(async move {
                cx.patched("a");
                let slow = cx.start_timer(100);
                let call = cx.start_activity("call", CancellationType::TryCancel);
                let never = cx.start_timer(7);
                cx.cancel_timer(never);
                let word = cx.signal().await;
                cx.patched("b");
                cx.cancel_activity(call);
                cx.resolved(call).await;
                cx.cancel_timer(slow);
                cx.sleep(3).await;
                End::Complete(word)
            })
        },
        |step, world| match step {
            1 => {
                world.signal("one");
                world.signal("two");
            }
            2 => world.complete_activity(),
            3 => world.fire(),
            _ => {}
        },
    );
}

#[test]
fn updates_between_other_things() {
    same_at_every_depth(
        |cx| {
            Box::pin(async move {
                cx.sleep(1).await;
                cx.activity("call").await;
                let word = cx.signal().await;
                End::Complete(word)
            })
        },
        |step, world| match step {
            0 => world.update("first", "now"),
            1 => {
                world.update("slow", "slow");
                world.update("bad", "bad");
                world.update("other", "now");
                world.fire();
            }
            2 => world.admit("held", "slow"),
            3 => world.complete_activity(),
            4 => world.fire(),
            5 => world.fire(),
            6 => world.signal("end"),
            _ => {}
        },
    );
}

#[test]
fn activities_cancelled_in_every_way() {
    same_at_every_depth(
        |cx| {
            Box::pin(async move {
                let wait = cx.start_activity("wait", CancellationType::WaitCompleted);
                let abandon = cx.start_activity("abandon", CancellationType::Abandon);
                let early = cx.start_activity("early", CancellationType::TryCancel);
                cx.cancel_activity(early);
                cx.cancelled().await;
                cx.cancel_activity(wait);
                cx.cancel_activity(abandon);
                cx.resolved(abandon).await;
                cx.resolved(wait).await;
                cx.sleep(1).await;
                End::Cancel
            })
        },
        |step, world| match step {
            1 => world.request_cancel(),
            2 => world.cancel_activity(),
            3 => {
                world.complete_activity();
                world.fire();
            }
            _ => {}
        },
    );
}

#[test]
fn children_cancelled_in_every_way() {
    use ChildCancellationType as Type;
    same_at_every_depth(
        |cx| {
            Box::pin(async move {
                let early = cx.start_child("early", Type::WaitCompleted);
                cx.cancel_child(early);
                let attempt = cx.start_child("try", Type::TryCancel);
                let abandoned = cx.start_child("abandon", Type::Abandon);
                let requested = cx.start_child("requested", Type::WaitRequested);
                let completed = cx.start_child("completed", Type::WaitCompleted);
                cx.started(attempt).await;
                cx.cancelled().await;
                for child in [completed, requested, abandoned, attempt] {
                    cx.cancel_child(child);
                }
                for child in [attempt, abandoned, requested, completed] {
                    cx.ended(child).await;
                }
                cx.sleep(1).await;
                End::Cancel
            })
        },
        |step, world| match step {
            1 => world.start_child(),
            2 => world.request_cancel(),
            3 => {
                // The request of `completed` is lost; those of `requested` and `try` arrive.
                world.deliver_cancel(Err(ExternalFault::NotFound));
                world.deliver_cancel(Ok(()));
            }
            4 => {
                world.end_child(ChildAnswer::Terminated);
                world.end_child(ChildAnswer::NotStarted(
                    durably_engine::ChildStartFault::AlreadyStarted,
                ));
                world.start_child();
                world.end_child(ChildAnswer::Completed { result: Vec::new() });
                world.start_child();
            }
            5 => world.end_child(ChildAnswer::Completed { result: Vec::new() }),
            6 => {
                world.deliver_cancel(Ok(()));
                world.fire();
            }
            _ => {}
        },
    );
}

#[test]
fn local_activities_among_other_things() {
    same_at_every_depth(
        |cx| {
            Box::pin(async move {
                let first = cx.start_local("first", CancellationType::TryCancel);
                let second = cx.start_local("second", CancellationType::TryCancel);
                let gone = cx.start_local("hang", CancellationType::TryCancel);
                let waited = cx.start_local("hang", CancellationType::WaitCompleted);
                let abandoned = cx.start_local("hang", CancellationType::Abandon);
                // It ends before the first.
                cx.resolved(second).await;
                let timer = cx.start_timer(60);
                cx.resolved(first).await;
                cx.activity("remote").await;
                cx.cancel_activity(gone);
                cx.cancel_activity(abandoned);
                cx.start_local("after cancels", CancellationType::TryCancel);
                cx.resolved(gone).await;
                cx.resolved(abandoned).await;
                cx.cancel_activity(waited);
                cx.resolved(waited).await;
                cx.local("flaky").await;
                cx.fired(timer).await;
                cx.local("fail").await;
                End::Complete("5".to_owned())
            })
        },
        |step, world| match step {
            1 => world.complete_activity(),
            2..=4 => world.fire(),
            _ => {}
        },
    );
}

#[test]
fn many_children_one_after_another_and_at_once_with_signals_between() {
    same_at_every_depth(
        |cx| {
            Box::pin(async move {
                for round in 0..4 {
                    let children: Vec<_> = (0..10)
                        .map(|_| cx.start_child("step", ChildCancellationType::default()))
                        .collect();
                    let signal = cx.send_signal(
                        "go",
                        Target {
                            workflow_id: format!("other-{round}"),
                            ..Target::default()
                        },
                    );
                    for child in children.into_iter().rev() {
                        cx.ended(child).await;
                    }
                    cx.delivered(signal).await;
                }
                End::Complete("40".to_owned())
            })
        },
        |step, world| {
            if step > 0 && step % 2 == 0 {
                world.deliver_signal(Ok(()));
            } else if step > 0 {
                for _ in 0..10 {
                    world.start_child();
                    world.end_child(ChildAnswer::Completed { result: Vec::new() });
                }
            }
        },
    );
}

#[test]
fn side_effects_between_local_activities() {
    same_at_every_depth(
        |cx| {
            Box::pin(async move {
                let mut said = cx.side_effect();
                cx.local("first").await;
                said += &cx.side_effect();
                cx.sleep(1).await;
                said += &cx.side_effect();
                End::Complete(said)
            })
        },
        |step, world| {
            if step > 0 {
                world.fire();
            }
        },
    );
}
