//! What waiting costs: polls and looks at conditions are counted, never timed.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{StreamExt as _, stream::FuturesUnordered};

use super::*;
use crate::{
    instance::{site::Site, state::StateCell},
    workflow::join_all,
};

thread_local! {
    static POLLS: Cell<usize> = const { Cell::new(0) };
    static LOOKS: Cell<usize> = const { Cell::new(0) };
}

/// A branch whose polls are counted.
struct Counted<F>(Pin<Box<F>>);

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        POLLS.set(POLLS.get() + 1);
        self.0.as_mut().poll(cx)
    }
}

fn counted<F: Future>(branch: F) -> Counted<F> {
    Counted(Box::pin(branch))
}

/// A condition as the macro writes it, whose looks are counted.
macro_rules! holds {
    ($state:expr, $condition:expr) => {{
        static SITE: Site = Site::new();
        let state = $state.clone();
        move || {
            SITE.is_here();
            LOOKS.set(LOOKS.get() + 1);
            state.with($condition)
        }
    }};
}

/// Polls and looks of `run` for so many branches, and for ten times as many.
fn costs(branches: u32, run: impl Fn(u32)) -> [(usize, usize); 2] {
    [branches, branches * 10].map(|branches| {
        POLLS.set(0);
        LOOKS.set(0);
        run(branches);
        (POLLS.get(), LOOKS.get())
    })
}

/// Ten times as many branches cost about ten times as much, and no more than `most`.
#[track_caller]
fn assert_linear([few, many]: [(usize, usize); 2], most: usize) {
    // The first few and the last few cost less.
    assert!(many.0 <= few.0 * 12, "{few:?}, {many:?}");
    assert!(many.1 <= few.1 * 12, "{few:?}, {many:?}");
    assert!(many.0.max(many.1) <= most, "{few:?}, {many:?}");
}

#[derive(Default)]
struct Shared {
    running: u32,
    most: u32,
    order: Vec<u32>,
    open: bool,
}

type State = StateCell<Shared>;

/// Works while fewer than ten others do.
async fn guarded(state: State, ctx: Ctx, number: u32) -> Result<()> {
    ctx.wait_until(holds!(state, |it| it.running < 10)).await?;
    state.with(|it| {
        it.running += 1;
        it.most = it.most.max(it.running);
        it.order.push(number);
    });
    ctx.sleep(secs(1)).await?;
    state.with(|it| it.running -= 1);
    Ok(())
}

// What the branches do, by the first argument of the run.
table!(Shared,
    run: |state, ctx, mut args| {
        let (how, branches): (String, u32) = (args.next("how")?, args.next("branches")?);
        running(async move {
            let all = 0..branches;
            match how.as_str() {
                "guarded" => {
                    for number in all {
                        let branch = guarded(state.clone(), ctx.clone(), number);
                        drop(ctx.spawn(counted(branch)));
                    }
                    let ended = state.clone();
                    ctx.wait_until(move || ended.with(|it| it.order.len() == branches as usize)).await?;
                }
                "guarded, joined" => {
                    let all = all.map(|number| counted(guarded(state.clone(), ctx.clone(), number)));
                    join_all(all).await;
                }
                "guarded, queued" => {
                    let all = all.map(|number| counted(guarded(state.clone(), ctx.clone(), number)));
                    let mut queue: FuturesUnordered<_> = all.collect();
                    while let Some(ended) = queue.next().await {
                        ended?;
                    }
                }
                "handles" => {
                    let sleeping = all.map(|_| {
                        let inner = ctx.clone();
                        counted(ctx.spawn(counted(async move { inner.sleep(secs(1)).await })))
                    });
                    join_all(sleeping).await;
                }
                "joined waits" => {
                    let waits = all.map(|_| counted(ctx.wait_until(holds!(state, |it| it.open))));
                    join_all(waits).await;
                }
                "waits in time" => {
                    for number in all {
                        let (inner, state) = (ctx.clone(), state.clone());
                        drop(ctx.spawn(counted(async move {
                            let open = inner.wait_until(holds!(state, |it| it.open));
                            let open = open.timeout(secs(9)).await?;
                            state.with(|it| it.order.push(number));
                            Ok::<_, crate::error::Cancelled>(open)
                        })));
                    }
                    ctx.cancelled().await;
                }
                "one at a time" => {
                    for number in all {
                        let (inner, state) = (ctx.clone(), state.clone());
                        drop(ctx.spawn(counted(async move {
                            inner.wait_until(holds!(state, |it| it.running == 0)).await?;
                            state.with(|it| it.running += 1);
                            inner.sleep(secs(0)).await?;
                            state.with(|it| it.running -= 1);
                            state.with(|it| it.order.push(number));
                            Ok::<_, crate::error::Cancelled>(())
                        })));
                    }
                    ctx.cancelled().await;
                }
                other => panic!("{other}"),
            }
            state.with(|it| Ok((it.most, it.order.is_sorted(), it.order.len())))
        })
    },
    signals: &[on("open", |state, _, _| done({ state.with(|it| it.open = true); Ok(()) }))],
    queries: &[("order", |state, _, _| {
        encode_result(&(state.order.is_sorted(), state.order.len()))
    })]
);

fn begun(how: &str, branches: u32) -> (Case, Vec<String>) {
    let mut case = Case::unborn::<Shared>();
    case.begin((how.to_owned(), branches))
        .expect("the run begins");
    let asked = case.settle();
    (case, asked)
}

/// Fires one timer after the other, as they were asked for; gives the last that was asked for.
fn fire_all(how: &str, branches: u32, at_once: usize) -> Vec<String> {
    let (mut case, asked) = begun(how, branches);
    assert_eq!(asked.len(), at_once);
    let mut asked = Vec::new();
    for seq in 1..=branches {
        asked = case.fire(seq);
    }
    asked
}

#[test]
fn branches_that_wait_for_a_free_place_cost_the_same_however_many_there_are() {
    let costs = costs(1_000, |branches| {
        let (mut case, asked) = begun("guarded", branches);
        assert_eq!(asked.len(), 10);
        for seq in 1..branches - 9 {
            let next = seq + 10;
            let asked = case.fire(seq);
            assert_eq!(asked[0], format!("timer {next}: 1s"));
        }
    });
    assert_linear(costs, 4 * 10_000);
}

#[test]
fn branches_of_a_combinator_that_wait_for_a_free_place_cost_the_same_too() {
    for how in ["guarded, joined", "guarded, queued"] {
        let costs = costs(400, |branches| {
            let asked = fire_all(how, branches, 10);
            assert_eq!(asked, [format!("done: [10,true,{branches}]")]);
        });
        assert_linear(costs, 140 * 4_000);
    }
}

#[test]
fn a_task_that_ends_costs_nothing_to_those_that_do_not_wait_for_it() {
    let costs = costs(400, |branches| {
        let asked = fire_all("handles", branches, branches as usize);
        assert_eq!(asked, ["done: [0,true,0]"]);
    });
    assert_linear(costs, 140 * 4_000);
}

#[test]
fn waits_in_a_join_all_are_woken_together() {
    let costs = costs(1_000, |branches| {
        let (mut case, _) = begun("joined waits", branches);
        case.settle();
        case.signal("open", ());
        assert_eq!(case.settle(), ["done: [0,true,0]"]);
    });
    assert_linear(costs, 4 * 10_000);
}

#[test]
fn waits_with_a_timeout_end_together_and_cancel_their_timers() {
    let costs = costs(1_000, |branches| {
        let (mut case, asked) = begun("waits in time", branches);
        assert_eq!(asked.len(), branches as usize);
        assert_eq!(case.fire(7), [""; 0], "one wait ran out of time");
        case.signal("open", ());
        assert_eq!(case.settle().len(), branches as usize - 1);
        let order = case.query("order", ()).unwrap();
        assert_eq!(order, format!("[false,{branches}]"));
    });
    assert_linear(costs, 3 * 10_000);
}

#[test]
fn branches_that_go_one_at_a_time_take_turns_in_their_order() {
    let costs = costs(1_000, |branches| {
        let (mut case, _) = begun("one at a time", branches);
        let order = case.query("order", ()).unwrap();
        assert_eq!(order, format!("[true,{branches}]"));
    });
    assert_linear(costs, 4 * 10_000);
}
