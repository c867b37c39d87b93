use super::*;
use crate::workflow::{Lock, Semaphore, join, join_all, race};

/// Its signal handlers greet one at a time.
#[derive(Default)]
struct Exclusive(Lock);
table!(Exclusive,
    run: |_, ctx, _| running(async move {
        ctx.wait_until(|| false).await?;
        Ok(())
    }),
    signals: &[on("greet", |state, ctx, mut args| {
        let name: String = args.next("name")?;
        let ctx = ctx.clone();
        let lock = state.with(|it| it.0.clone());
        running(async move {
            let _guard = lock.acquire(&ctx).await?;
            greet(&ctx, &name).await?;
            assert!(lock.is_held());
            greet(&ctx, &format!("{name} again")).await?;
            Ok(())
        })
    })]
);

#[test]
fn handlers_take_a_lock_in_the_order_in_which_they_arrived() {
    let (mut case, _) = Case::started::<Exclusive>();
    for name in ["a", "b", "c"] {
        case.signal("greet", (name,));
    }
    assert_eq!(case.settle(), [r#"activity 1: greet("a")"#]);
    assert_eq!(case.complete(1, ""), [r#"activity 2: greet("a again")"#]);
    case.signal("greet", ("d",));
    assert_eq!(case.settle(), [""; 0]);
    let mut greeted = Vec::new();
    for seq in 2..=8 {
        greeted.extend(case.complete(seq, ""));
    }
    assert_eq!(
        greeted,
        [
            r#"activity 3: greet("b")"#,
            r#"activity 4: greet("b again")"#,
            r#"activity 5: greet("c")"#,
            r#"activity 6: greet("c again")"#,
            r#"activity 7: greet("d")"#,
            r#"activity 8: greet("d again")"#,
        ]
    );
}

#[test]
fn a_lock_that_is_waited_for_is_cancelled() {
    let (mut case, _) = Case::started::<Exclusive>();
    case.signal("greet", ("a",));
    case.signal("greet", ("b",));
    case.settle();
    assert_eq!(case.cancel(), ["cancel activity 1", "cancelled"]);
}

/// Ten parts, three at a time, half of them in a `join_all`; one waits for all permits.
#[derive(Default)]
struct Slots;
table!(Slots, run: |_, ctx, _| running(async move {
    let slots = Semaphore::new(3);
    let part = |n: u64| {
        let (ctx, slots) = (ctx.clone(), slots.clone());
        async move {
            let _slot = slots.acquire(&ctx).await?;
            ctx.sleep(secs(n)).await?;
            Ok::<_, crate::Error>(())
        }
    };
    for n in 1..=4 {
        drop(ctx.spawn(part(n)));
    }
    let alone = async {
        let _all = slots.acquire_many(&ctx, 3).await?;
        assert!(slots.try_acquire(&ctx).is_none());
        ctx.sleep(secs(100)).await
    };
    let (parts, alone) = join(join_all((5..=6).map(part)), alone).await;
    parts.into_iter().collect::<Result<Vec<()>>>()?;
    alone?;
    Ok(slots.available())
}));

#[test]
fn a_wait_for_many_permits_is_not_overtaken() {
    let (mut case, asked) = Case::started::<Slots>();
    // The joined parts are polled first, then those that were spawned.
    assert_eq!(asked, ["timer 1: 5s", "timer 2: 6s"]);
    assert_eq!(case.fire(1), [""; 0], "all permits are waited for");
    assert_eq!(case.fire(2), ["timer 3: 100s"]);
    assert_eq!(
        case.fire(3),
        ["timer 4: 1s", "timer 5: 2s", "timer 6: 3s", "done: 0"],
        "the fourth of those that were spawned waits"
    );
}

/// Gives up a wait, after it was granted in the same moment too.
#[derive(Default)]
struct GivesUp;
table!(GivesUp, run: |_, ctx, _| running(async move {
    let slots = Semaphore::new(1);
    let first = slots.acquire(&ctx).await?;
    let _lost = race(slots.acquire(&ctx), ctx.sleep(secs(1))).await;
    assert_eq!(slots.available(), 0);
    // Both ready at once: the permit that is not taken is free again.
    let mut second = Box::pin(slots.acquire(&ctx));
    let polled = futures::poll!(&mut second);
    assert!(polled.is_pending());
    drop(first);
    assert_eq!(slots.available(), 0, "granted");
    drop(second);
    assert_eq!(slots.available(), 1);
    let lock = Lock::new();
    let guard = lock.try_acquire(&ctx);
    assert!(guard.is_some() && lock.try_acquire(&ctx).is_none());
    drop(guard);
    Ok(lock.is_held())
}));

#[test]
fn a_wait_that_is_given_up_takes_no_permit() {
    let (mut case, _) = Case::started::<GivesUp>();
    assert_eq!(case.fire(1), ["done: false"]);
}

#[derive(Default)]
struct TooMany;
table!(TooMany, run: |_, ctx, _| running(async move {
    let _ = Semaphore::new(2).acquire_many(&ctx, 3).await;
    Ok(())
}));

#[test]
fn more_permits_than_there_are_fail_the_task() {
    let failure = Case::begun::<TooMany>().failing();
    assert!(
        failure.contains("3 permits of a semaphore that has 2 in all"),
        "{failure}"
    );
}
