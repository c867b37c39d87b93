use crate::case::{Code, End, Worker, World, commands, sticky};

const SLEEP: Code = |cx| {
    Box::pin(async move {
        cx.sleep(30).await;
        End::Complete("1".to_owned())
    })
};

#[test]
fn timer_is_started_and_fires() {
    let (mut world, mut worker) = (World::new(), Worker::new(SLEEP));
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["start timer 1"]);
    world.answer(&answer);
    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete 1"]);
}

#[test]
fn timer_cancelled_before_sent_leaves_no_command() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                let timer = cx.start_timer(30);
                cx.cancel_timer(timer);
                cx.signal().await;
                End::Complete("1".to_owned())
            })
        }),
    );
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
}

#[test]
fn timer_cancelled_later_leaves_a_command() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                let timer = cx.start_timer(30);
                cx.signal().await;
                cx.cancel_timer(timer);
                cx.signal().await;
                End::Complete("1".to_owned())
            })
        }),
    );
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("go");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["cancel timer 1"]);
    world.answer(&answer);
    world.signal("end");
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), ["complete 1"]);
}

#[test]
fn timer_that_fired_in_the_slice_that_cancels_it_leaves_no_command() {
    let (mut world, mut worker) = (
        World::new(),
        Worker::new(|cx| {
            Box::pin(async move {
                let timer = cx.start_timer(30);
                cx.signal().await;
                cx.cancel_timer(timer);
                cx.signal().await;
                End::Complete("1".to_owned())
            })
        }),
    );
    let answer = worker.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.signal("go");
    world.fire();
    let answer = worker.handle(sticky(&world.take_task())).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
}
