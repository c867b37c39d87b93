use durably_engine::{EngineError, EventId};

use crate::case::{Code, End, Worker, World, commands, sticky};

const TWO: Code = |cx| {
    Box::pin(async move {
        cx.sleep(1).await;
        cx.sleep(2).await;
        End::Complete("1".to_owned())
    })
};

/// A world whose first timer fired, and the worker that started it.
fn after_the_first_timer() -> (World, Worker) {
    let (mut world, mut worker) = (World::new(), Worker::new(TWO));
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.fire();
    (world, worker)
}

#[test]
fn cached_run_goes_on_from_what_follows_its_last_task() {
    let (mut world, mut worker) = after_the_first_timer();
    let task = sticky(&world.take_task());
    assert_eq!(task.history[0].id, EventId(4));
    assert!(worker.run.continues(&task));
    let answer = worker.handle(task).unwrap();
    assert_eq!(commands(&answer), ["start timer 2"]);
    assert_eq!(worker.replayed, [false, false]);
}

#[test]
fn cached_run_goes_on_when_it_is_given_all_of_history() {
    let (mut world, mut worker) = after_the_first_timer();
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start timer 2"]);
    assert_eq!(worker.replayed, [false, false]);
}

#[test]
fn gap_in_history_is_a_cache_miss() {
    let (mut world, mut worker) = after_the_first_timer();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    world.fire();
    let task = sticky(&world.take_task());
    let mut stale = Worker::new(TWO);
    assert!(!stale.run.continues(&task));
    let miss = EngineError::CacheMiss {
        expected: EventId(1),
        found: task.history[0].id,
    };
    assert_eq!(stale.handle(task), Err(miss));
}

#[test]
fn task_whose_answer_was_lost_is_a_cache_miss_for_the_run_that_gave_it() {
    let (mut world, mut worker) = (World::new(), Worker::new(TWO));
    worker.handle(world.take_task()).unwrap();
    world.task_timed_out();
    let task = world.take_task();
    assert!(!worker.run.continues(&task));
    let answer = Worker::new(TWO).handle(task).unwrap();
    assert_eq!(commands(&answer), ["start timer 1"]);
}

#[test]
fn query_without_history_needs_a_cached_run() {
    let (world, _) = after_the_first_timer();
    let error = Worker::new(TWO).handle(world.query("said")).unwrap_err();
    assert!(matches!(error, EngineError::CacheMiss { .. }), "{error}");
}

#[test]
fn a_task_that_a_later_one_has_overtaken_is_past() {
    let (mut world, mut worker) = after_the_first_timer();
    let early = sticky(&world.take_task());
    assert!(!worker.run.is_past(&early));
    // The server gives it up, because too many events wait for its end.
    world.task_failed();
    world.signal("one more");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert!(worker.run.is_past(&early));
    let refused = worker.run.handle_task(early).unwrap_err();
    assert!(
        matches!(refused, EngineError::CacheMiss { .. }),
        "{refused}"
    );
    // The run continues as if the task had never come.
    world.answer(&answer);
    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete 1"]);
}

#[test]
fn a_task_that_is_offered_twice_is_a_cache_miss() {
    let (mut world, mut worker) = after_the_first_timer();
    let task = sticky(&world.take_task());
    worker.handle(task.clone()).unwrap();
    assert!(!worker.run.is_past(&task));
    assert!(!worker.run.continues(&task));
}

#[test]
fn a_query_is_never_past() {
    let (mut world, mut worker) = after_the_first_timer();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    world.answer(&answer);
    assert!(!worker.run.is_past(&world.query("said")));
    assert!(worker.run.continues(&world.query("said")));
}
