use std::time::Duration;

use super::*;
use crate::time::Time;

#[derive(Default)]
struct Sleeper;
table!(Sleeper, run: |_, ctx, _| running(async move {
    ctx.sleep(secs(10)).await?;
    ctx.sleep(secs(20)).summary("twice").await?;
    Ok(ctx.now() - Time::UNIX_EPOCH)
}));

#[test]
fn timers_follow_each_other() {
    let (mut case, asked) = Case::started::<Sleeper>();
    assert_eq!(asked, ["timer 1: 10s"]);
    assert_eq!(
        case.settle(),
        [""; 0],
        "a settle without news changes nothing"
    );
    assert_eq!(case.fire(1), ["timer 2: 20s"]);
    case.pass(secs(30));
    assert_eq!(case.fire(2), [r#"done: {"secs":1030,"nanos":0}"#]);
    assert_eq!(
        case.settle(),
        [""; 0],
        "a run that is over asks for nothing"
    );
}

#[derive(Default)]
struct Yielding;
table!(Yielding, run: |_, ctx, _| running(async move {
    for _ in 0..3 {
        ctx.sleep(Duration::ZERO).await?;
    }
    Ok(())
}));

#[test]
fn a_zero_sleep_starts_no_timer() {
    let (_, asked) = Case::started::<Yielding>();
    assert_eq!(asked, ["done: null"]);
}

#[derive(Default)]
struct Dropped;
table!(Dropped, run: |_, ctx, _| running(async move {
    drop(ctx.sleep(secs(1)));
    crate::workflow::race(ctx.sleep(secs(2)), ctx.sleep(secs(3))).await;
    ctx.sleep(secs(4)).await?;
    Ok(())
}));

#[test]
fn only_a_polled_sleep_starts_a_timer_and_a_dropped_one_cancels_it() {
    let (mut case, asked) = Case::started::<Dropped>();
    assert_eq!(asked, ["timer 1: 2s", "timer 2: 3s"]);
    assert_eq!(case.fire(2), ["cancel timer 1", "timer 3: 4s"]);
    assert_eq!(
        case.fire(1),
        [""; 0],
        "what nobody waits for is passed over"
    );
    assert_eq!(case.fire(3), ["done: null"]);
}
