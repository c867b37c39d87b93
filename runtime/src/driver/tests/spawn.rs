use super::*;
use crate::workflow::join;

#[derive(Default)]
struct Spawns;
table!(Spawns, run: |_, ctx, _| running(async move {
    let inner = ctx.clone();
    let greeting = ctx.spawn(async move { greet(&inner, "Ada").await });
    let inner = ctx.clone();
    drop(ctx.spawn(async move { inner.sleep(secs(9)).await }));
    ctx.sleep(secs(1)).await?;
    assert!(!greeting.is_finished());
    Ok(greeting.await?)
}));

#[test]
fn spawned_futures_run_beside_the_run_method_and_end_with_it() {
    let (mut case, asked) = Case::started::<Spawns>();
    assert_eq!(
        asked,
        ["timer 1: 1s", r#"activity 2: greet("Ada")"#, "timer 3: 9s"]
    );
    assert_eq!(case.fire(1), [""; 0]);
    assert_eq!(
        case.complete(2, "Hello"),
        [r#"done: "Hello""#],
        "the other timer stays with the server"
    );
}

#[derive(Default)]
struct Finished;
table!(Finished, run: |_, ctx, _| running(async move {
    let mut five = ctx.spawn(async { 5 });
    assert!(!five.is_finished());
    ctx.sleep(secs(1)).await?;
    assert!(five.is_finished());
    let output = (&mut five).await;
    assert!(five.is_finished(), "also after its output was taken");
    Ok(output)
}));

#[test]
fn a_spawned_future_stays_finished() {
    let (mut case, _) = Case::started::<Finished>();
    assert_eq!(case.fire(1), ["done: 5"]);
}

#[derive(Default)]
struct SpawnedTwice;
table!(SpawnedTwice, run: |_, ctx, _| running(async move {
    let mut five = ctx.spawn(async { 5 });
    let first = (&mut five).await;
    Ok(first + five.await)
}));

#[derive(Default)]
struct ActivityTwice;
table!(ActivityTwice, run: |_, ctx, _| running(async move {
    let mut hello = greet(&ctx, "Ada").start();
    let _ = join(&mut hello, ctx.sleep(secs(1))).await;
    Ok(hello.await?)
}));

#[test]
fn an_output_that_is_awaited_again_fails_the_task() {
    let mut case = Case::begun::<SpawnedTwice>();
    let text = case.failing();
    assert!(
        text.starts_with("the future spawned at ") && text.contains("awaited again"),
        "{text}"
    );

    let (mut case, _) = Case::started::<ActivityTwice>();
    assert_eq!(case.complete(1, "Hello"), [""; 0]);
    case.handle(Job::TimerFired { seq: Seq(2) });
    let text = case.failing();
    assert!(
        text.starts_with("the activity called at ") && text.contains("awaited again"),
        "{text}"
    );
}
