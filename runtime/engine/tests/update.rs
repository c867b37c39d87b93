use std::time::Duration;

use durably_engine::{Completion, EventKind, MessageBody, TaskEvent};

use crate::case::{Code, End, Worker, World, commands, sticky, task};

const WAIT: Code = |cx| {
    Box::pin(async move {
        let word = cx.signal().await;
        End::Complete(word)
    })
};

const STAY: Code = |cx| {
    Box::pin(async move {
        cx.cancelled().await;
        End::Cancel
    })
};

#[test]
fn update_that_completes_at_once_is_accepted_and_completed_in_one_task() {
    let (mut world, mut worker) = (World::new(), Worker::new(WAIT));
    world.update("u1", "now");
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(
        commands(&answer),
        ["message u1/request/accept", "message u1/request/complete"]
    );
    let messages = &task(&answer).messages;
    assert_eq!(messages[0].protocol_instance, "u1");
    assert!(matches!(messages[0].body, MessageBody::Accepted { .. }));
    assert!(matches!(messages[1].body, MessageBody::Completed { .. }));
}

#[test]
fn update_completes_in_a_later_task_also_after_a_replay() {
    let (mut world, mut worker) = (World::new(), Worker::new(WAIT));
    world.update("u1", "slow");
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(
        commands(&answer),
        ["message u1/request/accept", "start timer 1"]
    );
    world.answer(&answer);
    world.fire();
    let next = world.take_task();
    let cached = worker.handle(sticky(&next)).unwrap();
    let replayed = Worker::new(WAIT).handle(next).unwrap();
    assert_eq!(commands(&cached), ["message u1/request/complete"]);
    assert_eq!(cached, replayed);
}

#[test]
fn rejected_update_leaves_a_message_and_no_command() {
    let (mut world, mut worker) = (World::new(), Worker::new(WAIT));
    world.update("u1", "bad");
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    let messages = &task(&answer).messages;
    assert!(matches!(messages[0].body, MessageBody::Rejected { .. }));
}

#[test]
fn run_goes_on_after_the_server_dropped_a_task_that_only_rejected_an_update() {
    let (mut world, mut worker) = (World::new(), Worker::new(WAIT));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.update("u1", "bad");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    worker.run.reset_to(world.drop_task());
    world.signal("hello");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete hello"]);
}

/// The task may have been started by a server whose clock is ahead of that of the next one.
#[test]
fn the_time_of_a_dropped_task_is_dropped_too() {
    let (mut world, mut worker) = (World::new(), Worker::new(WAIT));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.update("u1", "bad");
    let mut dropped = sticky(&world.take_task());
    for event in &mut dropped.history {
        if let EventKind::Task(TaskEvent::Started(started)) = &mut event.kind {
            started.time += Duration::from_secs(60);
        }
    }
    worker.handle(dropped).unwrap();
    worker.run.reset_to(world.drop_task());
    let before = worker.jobs.len();
    world.signal("hello");
    let next = world.take_task();
    worker.handle(sticky(&next)).unwrap();
    let mut replay = Worker::new(WAIT);
    replay.handle(next).unwrap();
    let advances = |jobs: &[String]| -> Vec<String> {
        let advances = jobs.iter().filter(|job| job.starts_with("Advance"));
        advances.cloned().collect()
    };
    assert_eq!(
        advances(&worker.jobs[before..]),
        advances(&replay.jobs)[1..]
    );
}

#[test]
fn update_that_history_holds_is_told_live_and_on_replay() {
    let (mut world, mut worker) = (World::new(), Worker::new(WAIT));
    world.admit("u1", "slow");
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(
        commands(&answer),
        ["message u1/request/accept", "start timer 1"]
    );
    world.answer(&answer);
    world.fire();
    let answer = Worker::new(WAIT).handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["message u1/request/complete"]);
}

/// The signals and updates among what a worker was told.
fn messages(worker: &Worker) -> Vec<&str> {
    let messages = worker
        .jobs
        .iter()
        .filter(|job| job.starts_with("Signal") || job.starts_with("UpdateRequest"));
    // The first string of either is the name of the signal, or the id of the update.
    messages.filter_map(|job| job.split('"').nth(1)).collect()
}

/// A run that was reset: two updates and two signals follow the reset in turn.
fn reset() -> World {
    let mut world = World::new();
    world.take_task();
    world.record(TaskEvent::Failed {
        reset_to_run: Some("run-2".to_owned()),
    });
    world.admit("u1", "now");
    world.signal("s1");
    world.admit("u2", "slow");
    world.admit("u3", "bad");
    world.signal("s2");
    world
}

#[test]
fn updates_that_a_reset_admitted_are_told_where_they_stand() {
    let (mut world, mut worker) = (reset(), Worker::new(STAY));
    world.update("u4", "now");
    let answer = worker.handle(world.take_task()).unwrap();
    // The fixture leaves `u3` out, which is rejected and thus not told on replay.
    assert_eq!(messages(&worker), ["u1", "s1", "u2", "s2", "u4"]);
    world.answer(&answer);
    let mut replay = Worker::new(STAY);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, worker.jobs);
}

#[test]
fn an_update_message_is_told_after_its_sequencing_event() {
    let (mut world, mut worker) = (World::new(), Worker::new(STAY));
    world.signal("s1");
    world.record(TaskEvent::Scheduled);
    world.update_after("u1", "now", 2);
    world.signal("s2");
    let answer = worker.handle(world.start_task()).unwrap();
    assert_eq!(messages(&worker), ["s1", "u1", "s2"]);
    world.answer(&answer);
    let mut replay = Worker::new(STAY);
    replay.handle(world.replay()).unwrap();
    assert_eq!(replay.jobs, worker.jobs);
}

#[test]
fn nothing_is_told_before_the_start() {
    let (mut world, mut worker) = (World::new(), Worker::new(STAY));
    world.update_after("u1", "now", 0);
    worker.handle(world.take_task()).unwrap();
    assert!(worker.jobs[1].starts_with("Start"), "{:?}", worker.jobs);
    assert_eq!(messages(&worker), ["u1"]);
}

#[test]
fn histories_that_told_updates_last_are_replayed_so() {
    let (mut world, mut worker) = (reset(), Worker::new(STAY));
    let answer = worker.handle(world.take_task()).unwrap();
    let mut old = task(&answer).clone();
    old.sdk.lang_flags = vec![1];
    world.answer(&Completion::Task(old));
    world.fire();
    world.admit("u5", "now");
    world.signal("s3");
    let next = world.take_task();
    let mut replay = Worker::new(STAY);
    let answer = replay.handle(next).unwrap();
    // The task of today tells its own in place, and says so.
    assert_eq!(messages(&replay), ["s1", "s2", "u1", "u2", "u5", "s3"]);
    assert_eq!(task(&answer).sdk.lang_flags, [3, 4]);
    world.answer(&answer);
    let mut again = Worker::new(STAY);
    again.handle(world.replay()).unwrap();
    assert_eq!(again.jobs, replay.jobs);
}

#[test]
fn a_rejected_update_that_history_holds_is_not_told_again() {
    let (mut world, mut worker) = (World::new(), Worker::new(STAY));
    world.admit("u1", "bad");
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(task(&answer).messages.len(), 1);
    world.answer(&answer);
    world.signal("go");
    let mut replay = Worker::new(STAY);
    let answer = replay.handle(world.take_task()).unwrap();
    assert!(task(&answer).messages.is_empty(), "{answer:?}");
}
