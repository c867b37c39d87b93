use super::*;

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
