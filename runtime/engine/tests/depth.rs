//! The same code on the same history issues the same commands, however much of it is replayed; and
//! it is told the same jobs in the same order.

use durably_engine::{CancellationType, Completion, Task};

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
