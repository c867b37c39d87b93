use durably_engine::MessageBody;

use crate::case::{Code, End, Worker, World, commands, sticky, task};

const WAIT: Code = |cx| {
    Box::pin(async move {
        let word = cx.signal().await;
        End::Complete(word)
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
