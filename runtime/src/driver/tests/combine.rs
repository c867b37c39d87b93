use futures::{StreamExt as _, stream::FuturesUnordered};

use super::*;
use crate::workflow::{Either, join, join_all, race, race_all, try_join};

#[derive(Default)]
struct Joins;
table!(Joins, run: |_, ctx, _| running(async move {
    let (a, b) = join(greet(&ctx, "a"), greet(&ctx, "b")).await;
    Ok((a?, b?))
}));

#[test]
fn join_asks_in_the_order_written_and_waits_for_both() {
    let (mut case, asked) = Case::started::<Joins>();
    assert_eq!(
        asked,
        [r#"activity 1: greet("a")"#, r#"activity 2: greet("b")"#]
    );
    assert_eq!(case.complete(2, "B"), [""; 0]);
    assert_eq!(case.complete(1, "A"), [r#"done: ["A","B"]"#]);
}

#[derive(Default)]
struct Fans;
table!(Fans, run: |_, ctx, _| running(async move {
    let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let all = join_all(names.iter().map(|name| greet(&ctx, name))).await;
    let total: usize = all.into_iter().map(|it| it.unwrap().len()).sum();
    Ok(total)
}));

#[test]
fn join_all_takes_results_in_any_order() {
    let (mut case, asked) = Case::started::<Fans>();
    assert_eq!(asked.len(), 100);
    assert_eq!(asked[99], r#"activity 100: greet("99")"#);
    for seq in (2..=100).rev() {
        assert_eq!(case.complete(seq, "x"), [""; 0]);
    }
    assert_eq!(case.complete(1, "xx"), ["done: 101"]);
}

#[test]
fn join_all_takes_many_results_at_once() {
    let (mut case, _) = Case::started::<Fans>();
    for seq in 1..=100 {
        case.handle(completed(seq, "x"));
    }
    assert_eq!(case.settle(), ["done: 100"]);
}

#[derive(Default)]
struct FansConditions(u32);
table!(FansConditions,
    run: |state, ctx, _| running(async move {
        let waits = (1..=40).map(|n| {
            let state = state.clone();
            ctx.wait_until(move || state.with(|it| it.0 >= n))
        });
        join_all(waits).await;
        Ok(())
    }),
    signals: &[("up", |state, _, mut args| {
        let by: u32 = args.next("by")?;
        state.with(|it| it.0 += by);
        done(Ok(()))
    })]
);

#[test]
fn conditions_within_join_all_are_looked_at_again() {
    let (mut case, _) = Case::started::<FansConditions>();
    case.signal("up", (20,));
    assert_eq!(case.settle(), [""; 0]);
    case.signal("up", (20,));
    assert_eq!(case.settle(), ["done: null"]);
}

#[test]
fn waits_within_join_all_are_cancelled() {
    let (mut case, _) = Case::started::<FansConditions>();
    assert_eq!(case.cancel(), ["done: null"]);
}

#[derive(Default)]
struct Races;
table!(Races, run: |_, ctx, _| running(async move {
    Ok(match race(greet(&ctx, "slow"), ctx.sleep(secs(5))).await {
        Either::First(greeting) => greeting?,
        Either::Second(_) => "too late".into(),
    })
}));

#[test]
fn the_loser_of_a_race_is_cancelled() {
    let (mut case, asked) = Case::started::<Races>();
    assert_eq!(asked, [r#"activity 1: greet("slow")"#, "timer 2: 5s"]);
    assert_eq!(case.fire(2), ["cancel activity 1", r#"done: "too late""#]);

    let (mut case, _) = Case::started::<Races>();
    assert_eq!(
        case.complete(1, "in time"),
        ["cancel timer 2", r#"done: "in time""#]
    );
}

#[test]
fn the_first_written_wins_a_tie() {
    let (mut case, _) = Case::started::<Races>();
    case.handle(Job::TimerFired { seq: Seq(2) });
    assert_eq!(case.complete(1, "tie"), [r#"done: "tie""#]);
}

#[derive(Default)]
struct Others;
table!(Others, run: |_, ctx, _| running(async move {
    let both = try_join(greet(&ctx, "a"), greet(&ctx, "b")).await;
    assert!(both.is_err());
    let (at, slept) = race_all([secs(3), secs(1), secs(2)].map(|it| ctx.sleep(it))).await;
    slept?;
    Ok(at)
}));

#[test]
fn try_join_stops_at_the_first_error_and_race_all_tells_who_won() {
    let (mut case, _) = Case::started::<Others>();
    let asked = case.fail(2, app("No"));
    assert_eq!(
        asked,
        [
            "cancel activity 1",
            "timer 3: 3s",
            "timer 4: 1s",
            "timer 5: 2s"
        ]
    );
    assert_eq!(
        case.fire(4),
        ["cancel timer 3", "cancel timer 5", "done: 1"]
    );
}

/// A queue by wakes: its order is that of history, because only history wakes what is in it.
#[derive(Default)]
struct Queues;
table!(Queues, run: |_, ctx, _| running(async move {
    let names = ["a", "b", "c", "d"];
    let queue: FuturesUnordered<_> = names.iter().map(|name| greet(&ctx, name)).collect();
    let greetings: Vec<_> = queue.collect().await;
    greetings.into_iter().map(|it| Ok(it?)).collect::<Result<Vec<String>>>()
}));

#[test]
fn a_queue_of_waits_gives_them_as_they_end_however_they_are_told() {
    let order = [3, 1, 4, 2];
    let wanted = [r#"done: ["3","1","4","2"]"#];

    let (mut one_by_one, _) = Case::started::<Queues>();
    for seq in &order[..3] {
        assert_eq!(one_by_one.complete(*seq, seq.to_string()), [""; 0]);
    }
    assert_eq!(one_by_one.complete(2, "2"), wanted);

    let (mut at_once, _) = Case::started::<Queues>();
    for seq in order {
        at_once.handle(completed(seq, seq.to_string()));
    }
    assert_eq!(at_once.settle(), wanted);
}
