use super::*;
use crate::{error::Cancelled, workflow::Saga};

const CANCELED: fn() -> FailureInfo = || FailureInfo::Canceled {
    details: Vec::new(),
};

#[derive(Default)]
struct CleansUp;
table!(CleansUp, run: |_, ctx, _| running(async move {
    let slept = ctx.sleep(secs(10)).await;
    greet(&ctx.shield(), "cleaner").await?;
    assert_eq!(ctx.sleep(secs(1)).await, Err(Cancelled), "no wait begins any more");
    let call = greet(&ctx, "nobody").await.unwrap_err();
    assert!(call.is_cancelled());
    Ok(slept?)
}));

#[test]
fn cancellation_ends_waits_and_shielded_work_goes_on() {
    let (mut case, _) = Case::started::<CleansUp>();
    assert_eq!(
        case.cancel(),
        ["cancel timer 1", r#"activity 2: greet("cleaner")"#]
    );
    assert_eq!(case.complete(2, "clean"), ["cancelled"]);
}

#[test]
fn a_timer_that_fired_with_the_cancellation_has_fired() {
    let (mut case, _) = Case::started::<CleansUp>();
    case.handle(Job::TimerFired { seq: Seq(1) });
    assert_eq!(case.cancel(), [r#"activity 2: greet("cleaner")"#]);
    assert_eq!(case.complete(2, "clean"), ["done: null"]);
}

#[derive(Default)]
struct Calls;
table!(Calls, run: |_, ctx, _| running(async move { Ok(greet(&ctx, "Ada").await?) }));

#[test]
fn a_call_asks_its_activity_to_stop_and_waits_for_how_it_ended() {
    let (mut case, _) = Case::started::<Calls>();
    assert_eq!(case.cancel(), ["cancel activity 1"]);
    assert_eq!(case.settle(), [""; 0], "asked once");
    assert_eq!(case.fail(1, CANCELED()), ["cancelled"]);
}

#[test]
fn a_result_that_came_in_spite_of_the_cancellation_counts() {
    let (mut case, _) = Case::started::<Calls>();
    case.cancel();
    assert_eq!(case.complete(1, "Hello"), [r#"done: "Hello""#]);
}

#[test]
fn cancelled_before_the_first_poll_asks_for_nothing() {
    let mut case = Case::begun::<Calls>();
    assert_eq!(case.cancel(), ["cancelled"]);
}

#[derive(Default)]
struct Scoped;
table!(Scoped, run: |_, ctx, _| running(async move {
    let (scope, inner) = ctx.scope();
    let (_, innermost) = inner.scope();
    let call = greet(&innermost, "Ada").start();
    ctx.sleep(secs(1)).await?;
    scope.cancel();
    assert!(innermost.is_cancelled() && !ctx.is_cancelled());
    let cancelled = call.await.unwrap_err().is_cancelled();
    ctx.sleep(secs(2)).await?;
    Ok(cancelled)
}));

#[test]
fn a_scope_is_cancelled_without_the_rest() {
    let (mut case, asked) = Case::started::<Scoped>();
    assert_eq!(asked, [r#"activity 1: greet("Ada")"#, "timer 2: 1s"]);
    assert_eq!(case.fire(2), ["cancel activity 1"]);
    assert_eq!(case.fail(1, CANCELED()), ["timer 3: 2s"]);
    assert_eq!(case.fire(3), ["done: true"]);
}

#[derive(Default)]
struct Watches;
table!(Watches, run: |_, ctx, _| running(async move {
    assert_eq!(ctx.cancel_reason(), None);
    ctx.cancelled().await;
    Ok(ctx.cancel_reason())
}));

#[test]
fn a_workflow_may_wait_for_its_cancellation_and_succeed() {
    let (mut case, asked) = Case::started::<Watches>();
    assert_eq!(asked, [""; 0]);
    assert_eq!(case.cancel(), [r#"done: "enough""#]);
}

#[derive(Default)]
struct Compensates;
table!(Compensates, run: |_, ctx, _| running(async move {
    let mut saga = Saga::new();
    saga.undo(greet(&ctx, "undo 1"));
    saga.undo(greet(&ctx, "undo 2"));
    let slept = ctx.sleep(secs(9)).await;
    let errors = saga.compensate().await;
    assert_eq!(errors.len(), 1);
    Ok(slept?)
}));

#[test]
fn a_saga_undoes_newest_first_also_when_cancelled() {
    let (mut case, asked) = Case::started::<Compensates>();
    assert_eq!(asked, ["timer 1: 9s"]);
    assert_eq!(
        case.cancel(),
        ["cancel timer 1", r#"activity 2: greet("undo 2")"#]
    );
    assert_eq!(case.fail(2, app("No")), [r#"activity 3: greet("undo 1")"#]);
    assert_eq!(case.complete(3, "ok"), ["cancelled"]);
}
