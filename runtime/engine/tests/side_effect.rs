use durably_engine::{EngineError, SideEffectId};

use crate::case::{Code, End, Worker, World, commands};

const ONCE: Code = |cx| {
    Box::pin(async move {
        let said = cx.side_effect();
        cx.sleep(1).await;
        End::Complete(said)
    })
};

#[test]
fn a_side_effect_is_taken_once_and_replayed_from_its_marker() {
    let (mut world, mut live) = (World::new(), Worker::new(ONCE));
    let answer = live.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["side effect 1", "start timer 1"]);
    world.answer(&answer);
    world.fire();

    let mut replay = Worker::new(ONCE);
    let answer = replay.handle(world.take_task()).unwrap();
    assert_eq!(commands(&answer), ["complete 10"]);
    assert_eq!(replay.taken(), 0);
}

#[test]
fn a_side_effect_that_history_lacks_is_a_mismatch_that_names_both() {
    const WITHOUT: Code = |cx| {
        Box::pin(async move {
            cx.sleep(1).await;
            End::Complete("1".to_owned())
        })
    };
    let (mut world, mut live) = (World::new(), Worker::new(WITHOUT));
    let answer = live.handle(world.take_task()).unwrap();
    world.answer(&answer);
    world.fire();
    let error = Worker::new(ONCE).handle(world.take_task()).unwrap_err();
    let EngineError::Mismatch(mismatch) = &error else {
        panic!("{error}");
    };
    let text = mismatch.to_string();
    assert!(text.contains("recorded:  start timer (1s)"), "{text}");
    assert!(text.contains("this run:  record side effect 1"), "{text}");
}

#[test]
fn side_effects_are_told_apart() {
    let mutable = SideEffectId::Mutable {
        name: "limit".to_owned(),
        call: 2,
    };
    assert_eq!(
        mutable.to_string(),
        "mutable side effect `limit`, of call 2"
    );
    assert!(SideEffectId::Once(9) < mutable);
}
