use futures::{StreamExt as _, stream::FuturesUnordered};

use super::*;
use crate::workflow::{
    Either, Either8, FutureSet, join, join_all, join8, race, race_all, race8, try_join,
    try_join_all, try_join3,
};

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
    signals: &[on("up", |state, _, mut args| {
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

#[derive(Default)]
struct Bounded;
table!(Bounded, run: |_, ctx, _| running(async move {
    let calls = ["a", "b", "c", "d", "e"].map(|name| greet(&ctx, name));
    let greetings = join_all(calls).buffered(2).await;
    greetings.into_iter().map(|it| Ok(it?)).collect::<Result<Vec<String>>>()
}));

#[test]
fn buffered_calls_begin_as_others_end_and_their_outputs_keep_the_order() {
    let (mut case, asked) = Case::started::<Bounded>();
    assert_eq!(
        asked,
        [r#"activity 1: greet("a")"#, r#"activity 2: greet("b")"#]
    );
    assert_eq!(case.complete(2, "B"), [r#"activity 3: greet("c")"#]);
    case.handle(completed(3, "C"));
    assert_eq!(
        case.complete(1, "A"),
        [r#"activity 4: greet("d")"#, r#"activity 5: greet("e")"#]
    );
    assert_eq!(case.complete(5, "E"), [""; 0]);
    assert_eq!(case.complete(4, "D"), [r#"done: ["A","B","C","D","E"]"#]);
}

#[derive(Default)]
struct BoundedTry;
table!(BoundedTry, run: |_, ctx, _| running(async move {
    let calls = ["a", "b", "c", "d"].map(|name| greet(&ctx, name));
    let all = try_join_all(calls).buffered(2);
    Ok(all.await.is_err())
}));

#[test]
fn an_error_cancels_the_buffered_calls_that_run_and_begins_no_other() {
    let (mut case, _) = Case::started::<BoundedTry>();
    assert_eq!(case.complete(1, "A"), [r#"activity 3: greet("c")"#]);
    assert_eq!(case.fail(3, app("No")), ["cancel activity 2", "done: true"]);
}

#[derive(Default)]
struct BufferedNothing;
table!(BufferedNothing, run: |_, ctx, _| running(async move {
    let nobody: [&str; 0] = [];
    let none = join_all(nobody.map(|name| greet(&ctx, name))).buffered(3).await;
    Ok(none.len())
}));

#[derive(Default)]
struct BufferedByZero;
table!(BufferedByZero, run: |_, ctx, _| running(async move {
    join_all([ctx.sleep(secs(1))]).buffered(0).await;
    Ok(())
}));

#[test]
fn buffered_takes_no_futures_and_refuses_a_limit_of_none() {
    let (_, asked) = Case::started::<BufferedNothing>();
    assert_eq!(asked, ["done: 0"]);
    let failure = Case::begun::<BufferedByZero>().failing();
    assert!(
        failure.contains("`buffered(0)` would never run anything"),
        "{failure}"
    );
}

#[derive(Default)]
struct Crawls;
table!(Crawls, run: |_, ctx, _| running(async move {
    let mut set: FutureSet<_> = ["a", "b"].iter().map(|name| greet(&ctx, name)).collect();
    let mut found = Vec::new();
    while let Some(greeting) = set.join_next().await {
        let greeting = greeting?;
        if greeting.len() < 3 {
            set.push(greet(&ctx, &greeting));
        }
        found.push(greeting);
    }
    assert!(set.is_empty());
    set.extend([greet(&ctx, "last")]);
    assert_eq!(set.len(), 1);
    Ok(found)
}));

#[test]
fn a_set_grows_while_it_runs_and_gives_outputs_as_they_end() {
    let (mut case, asked) = Case::started::<Crawls>();
    assert_eq!(
        asked,
        [r#"activity 1: greet("a")"#, r#"activity 2: greet("b")"#]
    );
    assert_eq!(case.complete(2, "bb"), [r#"activity 3: greet("bb")"#]);
    case.handle(completed(3, "bbb"));
    assert_eq!(case.complete(1, "aaa"), [r#"done: ["bb","bbb","aaa"]"#]);
}

#[derive(Default)]
struct Eight;
table!(Eight, run: |_, ctx, _| running(async move {
    let nap = |n: u64| ctx.sleep(secs(n));
    let won = race8(nap(1), nap(2), nap(3), nap(4), nap(5), nap(6), nap(7), nap(8)).await;
    assert!(matches!(won, Either8::Seventh(Ok(()))));
    let (a, .., h) = join8(
        async { "a" }, nap(1), nap(2), nap(3), nap(4), nap(5), nap(6), greet(&ctx, "h"),
    ).await;
    let failed = try_join3(greet(&ctx, "x"), greet(&ctx, "y"), greet(&ctx, "z")).await;
    Ok((a.to_owned(), h?, failed.is_err()))
}));

#[test]
fn eight_futures_are_raced_and_joined() {
    let (mut case, asked) = Case::started::<Eight>();
    assert_eq!(asked.len(), 8);
    let asked = case.fire(7);
    // Dropped as locals are, the last one first.
    assert_eq!(
        asked[..7],
        [8, 6, 5, 4, 3, 2, 1].map(|n| format!("cancel timer {n}"))
    );
    assert_eq!(asked[7..].len(), 7, "six timers and an activity");
    for seq in (9..=14).rev() {
        assert_eq!(case.fire(seq), [""; 0]);
    }
    let asked = case.complete(15, "H");
    assert_eq!(asked.len(), 3);
    assert_eq!(
        case.fail(17, app("No")),
        [
            "cancel activity 18",
            "cancel activity 16",
            r#"done: ["a","H",true]"#
        ]
    );
}
