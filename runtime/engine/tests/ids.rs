use durably_engine::{Command, Completion, SdkMetadata};

use crate::case::{Code, End, Worker, World, commands, sticky, task};

/// An activity before each timer.
const MIXED: Code = |cx| {
    Box::pin(async move {
        cx.activity("first").await;
        cx.sleep(1).await;
        cx.activity("second").await;
        cx.sleep(2).await;
        cx.activity("third").await;
        End::Complete("1".to_owned())
    })
};

/// The id of the timer or of the activity that an answer starts.
fn id(answer: &Completion) -> &str {
    match &task(answer).commands[..] {
        [Command::StartTimer { timer_id, .. }] => timer_id,
        [Command::ScheduleActivity(it)] => it.activity_id.as_deref().expect("it has an id"),
        other => panic!("expected one timer or activity, found {other:?}"),
    }
}

#[test]
fn timers_and_activities_are_numbered_apart() {
    let (mut world, mut worker) = (World::new(), Worker::new(MIXED));
    let mut ids = Vec::new();
    for step in 0..5 {
        let answer = worker.handle(sticky(&world.take_task())).unwrap();
        ids.push(id(&answer).to_owned());
        world.answer(&answer);
        if step % 2 == 0 {
            world.complete_activity();
        } else {
            world.fire();
        }
    }
    assert_eq!(ids, ["1", "1", "2", "2", "3"]);
}

#[test]
fn a_timer_that_is_not_needed_is_counted() {
    const SKIPS: Code = |cx| {
        Box::pin(async move {
            cx.skip_timer();
            cx.sleep(1).await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(SKIPS));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start timer 2"]);
}

/// The first versions numbered all commands together.
#[test]
fn no_id_that_history_records_is_given_again() {
    const OPEN: Code = |cx| {
        Box::pin(async move {
            cx.start_timer(1);
            cx.start_activity("first", Default::default());
            cx.signal().await;
            for _ in 0..3 {
                cx.start_timer(2);
                cx.start_activity("more", Default::default());
            }
            cx.signal().await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(OPEN));
    let mut old = task(&worker.handle(world.take_task()).unwrap()).clone();
    for (command, id) in old.commands.iter_mut().zip(["3", "4"]) {
        match command {
            Command::StartTimer { timer_id, .. } => id.clone_into(timer_id),
            Command::ScheduleActivity(it) => it.activity_id = Some(id.to_owned()),
            other => panic!("expected a timer and an activity, found {other:?}"),
        }
    }
    world.answer(&Completion::Task(old));
    world.signal("go");
    let next = world.take_task();
    for mut worker in [worker, Worker::new(OPEN)] {
        let answer = worker.handle(next.clone()).unwrap();
        let ids = task(&answer).commands.iter().map(|command| match command {
            Command::StartTimer { timer_id, .. } => timer_id.as_str(),
            Command::ScheduleActivity(it) => it.activity_id.as_deref().unwrap_or_default(),
            other => panic!("expected timers and activities, found {other:?}"),
        });
        let ids: Vec<_> = ids.collect();
        assert_eq!(ids, ["4", "5", "5", "6", "6", "7"]);
    }
}

/// What another SDK records as its switches 1 and 2 are none of ours.
#[test]
fn switches_of_other_sdks_are_not_read() {
    let (mut world, mut worker) = (World::new(), Worker::new(MIXED));
    let mut first = task(&worker.handle(world.take_task()).unwrap()).clone();
    first.sdk = SdkMetadata {
        name: "temporal-python".to_owned(),
        version: "1.20.0".to_owned(),
        core_flags: vec![1, 2],
        lang_flags: vec![1, 2],
    };
    world.answer(&Completion::Task(first));
    world.complete_activity();
    let answer = Worker::new(MIXED).handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start timer 1"]);
    assert_eq!(task(&answer).sdk.name, "durably");
    assert_eq!(task(&answer).sdk.lang_flags, [1, 3, 4]);
    assert_eq!(task(&answer).sdk.core_flags, [3]);
}
