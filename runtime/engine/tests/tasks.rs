use durably_engine::{
    Advance, Answer, Completion, EngineError, EventId, EventKind, Fact, Job, Run, TaskEvent,
    WorkerVersion,
};

use crate::case::{Code, End, Worker, World, commands, sticky};

const WORDS: Code = |cx| {
    Box::pin(async move {
        let first = cx.signal().await;
        cx.sleep(1).await;
        let second = cx.signal().await;
        End::Complete(format!("{first} {second}"))
    })
};

#[test]
fn failed_and_timed_out_tasks_leave_their_facts_to_the_next() {
    let (mut world, mut worker) = (World::new(), Worker::new(WORDS));
    world.signal("one");
    world.take_task();
    world.task_failed();
    world.take_task();
    world.task_timed_out();
    world.signal("two");
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start timer 1"]);
    assert_eq!(worker.replayed, [false]);
    world.answer(&answer);
    world.fire();
    let task = world.take_task();
    let answer = Worker::new(WORDS).handle(task).unwrap();
    assert_eq!(commands(&answer), ["complete one two"]);
}

#[test]
fn tasks_answered_without_commands_are_slices_of_their_own() {
    let (mut world, mut worker) = (World::new(), Worker::new(WORDS));
    for _ in 0..3 {
        let answer = worker.handle(sticky(&world.take_task())).unwrap();
        assert_eq!(commands(&answer), [""; 0]);
        world.answer(&answer);
    }
    world.signal("one");
    let mut fresh = Worker::new(WORDS);
    let answer = fresh.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start timer 1"]);
    assert_eq!(fresh.replayed, [true, true, true, false]);
}

#[test]
fn a_task_completed_to_prolong_a_replay_leaves_its_facts_to_the_next() {
    let mut world = World::new();
    world.signal("one");
    world.take_task();
    world.answer(&Completion::Task(Run::heartbeat()));
    let mut worker = Worker::new(WORDS);
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start timer 1"]);
    assert_eq!(worker.replayed, [false]);
    world.answer(&answer);
    world.fire();
    let mut fresh = Worker::new(WORDS);
    fresh.handle(world.take_task()).unwrap();
    assert_eq!(fresh.replayed, [true, false]);
}

#[test]
fn a_replay_goes_over_to_the_task_that_a_heartbeat_is_answered_with() {
    let mut world = World::new();
    world.signal("one");
    let task = world.take_task();
    let mut run = Run::new();
    run.handle_task(task).unwrap();
    assert!(run.is_between_slices());
    world.answer(&Completion::Task(Run::heartbeat()));
    let next = world.take_task();
    run.prolong(sticky(&next)).unwrap();
    let live: Vec<_> = std::iter::from_fn(|| run.poll_job())
        .filter_map(|job| match job {
            Job::Advance(Advance {
                replaying,
                history_length,
                ..
            }) => Some((replaying, i64::from(history_length))),
            _ => None,
        })
        .collect();
    assert_eq!(live, [(false, next.started.0)]);
    let late = run.prolong(next).unwrap_err();
    assert!(matches!(late, EngineError::CacheMiss { .. }), "{late}");
}

#[test]
fn a_replay_does_not_go_over_to_a_task_with_a_gap() {
    let mut world = World::new();
    world.signal("one");
    let mut run = Run::new();
    run.handle_task(world.take_task()).unwrap();
    world.answer(&Completion::Task(Run::heartbeat()));
    let mut next = sticky(&world.take_task());
    next.history.remove(0);
    let refused = run.prolong(next).unwrap_err();
    assert!(
        matches!(refused, EngineError::CacheMiss { .. }),
        "{refused}"
    );
}

#[test]
fn a_history_that_ends_before_its_task_is_refused() {
    let (mut world, mut worker) = (World::new(), Worker::new(WORDS));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("one");
    let mut task = world.take_task();
    task.history.truncate(task.history.len() - 2);
    let refused = Worker::new(WORDS).handle(task).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the history of the task ends at event 5, before event 7 by which the task was taken"
    );
}

#[test]
fn workflow_time_is_when_the_task_started() {
    let (mut world, mut worker) = (World::new(), Worker::new(WORDS));
    worker.handle(world.take_task()).unwrap();
    assert!(
        worker.jobs[0].contains("tv_sec: 1002"),
        "{}",
        worker.jobs[0]
    );
}

#[test]
fn reset_gives_new_random_numbers() {
    let (mut world, mut worker) = (World::new(), Worker::new(WORDS));
    world.take_task();
    world.record(TaskEvent::Failed {
        reset_to_run: Some("run-2".to_owned()),
    });
    worker.handle(world.take_task()).unwrap();
    assert!(
        worker.jobs.iter().any(|job| job.starts_with("Reseed")),
        "{:?}",
        worker.jobs
    );
}

#[test]
fn unknown_events_are_passed_over_only_if_the_server_says_so() {
    let unknown = |may_ignore| Fact::Unknown {
        name: "EVENT_TYPE_OF_TOMORROW".to_owned(),
        may_ignore,
    };
    let mut world = World::new();
    world.record(unknown(true));
    Worker::new(WORDS).handle(world.take_task()).unwrap();

    let mut world = World::new();
    let event = world.record(unknown(false));
    let error = Worker::new(WORDS).handle(world.take_task()).unwrap_err();
    let name = "EVENT_TYPE_OF_TOMORROW".to_owned();
    assert_eq!(error, EngineError::UnknownEvent { event, name });
}

#[test]
fn answer_to_nothing_is_malformed_history() {
    let mut world = World::new();
    world.record(EventKind::Answer {
        opened: EventId(9),
        answer: Answer::TimerFired,
    });
    let error = Worker::new(WORDS).handle(world.take_task()).unwrap_err();
    assert!(
        matches!(error, EngineError::MalformedHistory { .. }),
        "{error}"
    );
}

#[test]
fn a_replay_has_the_versions_that_history_records() {
    let version = |build: &str| {
        Some(WorkerVersion {
            deployment: "orders".to_owned(),
            build_id: build.to_owned(),
        })
    };
    let (mut world, mut worker) = (World::new(), Worker::new(WORDS));
    for build in [None, Some("1"), Some("1"), Some("2"), None] {
        world.version = build.and_then(version);
        world.signal("one");
        let answer = worker.handle(sticky(&world.take_task())).unwrap();
        world.answer(&answer);
    }
    assert!(worker.versions.is_empty(), "{:?}", worker.versions);
    let mut replay = Worker::new(WORDS);
    replay.handle(world.replay()).unwrap();
    let builds = [Some("1"), Some("2"), None].map(|build| build.map(str::to_owned));
    assert_eq!(replay.versions, builds);
    assert_eq!(replay.jobs, worker.jobs);
}
