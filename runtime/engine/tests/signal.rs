use crate::case::{Code, End, Worker, World, commands};

const THREE: Code = |cx| {
    Box::pin(async move {
        let words = [cx.signal().await, cx.signal().await, cx.signal().await];
        End::Complete(words.join(" "))
    })
};

#[test]
fn signals_before_the_first_task_are_told_after_the_start_in_order() {
    let (mut world, mut worker) = (World::new(), Worker::new(THREE));
    for word in ["one", "two", "three"] {
        world.signal(word);
    }
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete one two three"]);
    assert!(worker.jobs[1].starts_with("Start"), "{:?}", worker.jobs);
}

#[test]
fn signals_while_a_task_is_in_progress_belong_to_the_next() {
    let (mut world, mut worker) = (World::new(), Worker::new(THREE));
    world.signal("one");
    let answer = worker.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), [""; 0]);
    world.answer(&answer);
    world.signal("two");
    world.signal("three");
    let mut fresh = Worker::new(THREE);
    let answer = fresh.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete one two three"]);
    assert_eq!(fresh.replayed, [true, false]);
}
