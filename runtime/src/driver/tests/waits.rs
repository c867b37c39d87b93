use futures::{StreamExt as _, stream::FuturesUnordered};

use super::*;
use crate::{
    instance::site::Site,
    workflow::{join, join_all, race},
};

#[derive(Default)]
struct Flag(bool);
table!(Flag,
    run: |state, ctx, _| running(async move {
        let until = state.clone();
        let held = ctx.wait_until(move || until.with(|it| it.0)).timeout(secs(5)).await?;
        Ok(held)
    }),
    signals: &[on("raise", |state, _, _| done({ state.with(|it| it.0 = true); Ok(()) }))]
);

#[test]
fn a_condition_that_comes_to_hold_ends_the_wait_and_its_timer() {
    let (mut case, asked) = Case::started::<Flag>();
    assert_eq!(asked, ["timer 1: 5s"]);
    case.signal("raise", ());
    assert_eq!(case.settle(), ["cancel timer 1", "done: true"]);
}

#[test]
fn a_condition_that_holds_at_once_starts_no_timer() {
    let mut case = Case::begun::<Flag>();
    case.signal("raise", ());
    // Its number is left out, as in other SDKs, which start and cancel one there.
    assert_eq!(case.settle(), ["skip timer", "done: true"]);
}

#[test]
fn a_wait_that_runs_out_of_time_says_so() {
    let (mut case, _) = Case::started::<Flag>();
    assert_eq!(case.fire(1), ["done: false"]);
}

#[test]
fn a_condition_and_its_timer_are_cancelled_together() {
    let (mut case, _) = Case::started::<Flag>();
    assert_eq!(case.cancel(), ["cancel timer 1", "cancelled"]);
}

#[derive(Default)]
struct Abandoned(bool);
table!(Abandoned,
    run: |state, ctx, _| running(async move {
        let wait = || {
            static SITE: Site = Site::new();
            let state = state.clone();
            ctx.wait_until(move || {
                SITE.is_here();
                state.with(|it| it.0)
            })
        };
        let mut first: FuturesUnordered<_> = (0..200).map(|_| wait()).collect();
        let _ = race(first.next(), ctx.sleep(secs(0))).await;
        // Nobody polls the first ones any more.
        let then = join_all((0..40).map(|_| wait())).await;
        Ok((first.len(), then.len()))
    }),
    signals: &[on("raise", |state, _, _| done({ state.with(|it| it.0 = true); Ok(()) }))]
);

#[test]
fn waits_that_nobody_polls_do_not_keep_others_from_ending() {
    let (mut case, _) = Case::started::<Abandoned>();
    case.signal("raise", ());
    assert_eq!(case.settle(), ["done: [200,40]"]);
}

#[derive(Default)]
struct Kept(bool);
table!(Kept,
    run: |state, ctx, _| running(async move {
        let until = state.clone();
        let mut wait = ctx.wait_until(move || until.with(|it| it.0));
        let _ = race(&mut wait, ctx.sleep(secs(0))).await;
        ctx.sleep(secs(1)).await?;
        wait.await?;
        Ok(())
    }),
    signals: &[on("raise", |state, _, _| done({ state.with(|it| it.0 = true); Ok(()) }))]
);

#[test]
fn a_wait_that_is_put_aside_ends_when_it_is_polled_again() {
    let (mut case, asked) = Case::started::<Kept>();
    assert_eq!(asked, ["timer 1: 1s"]);
    case.signal("raise", ());
    assert_eq!(case.settle(), [""; 0]);
    assert_eq!(case.fire(1), ["done: null"]);

    let (mut case, _) = Case::started::<Kept>();
    assert_eq!(case.fire(1), [""; 0]);
    case.signal("raise", ());
    assert_eq!(case.settle(), ["done: null"]);
}

#[derive(Default)]
struct PingPong(u32);
table!(PingPong, run: |state, ctx, _| running(async move {
    let turn = |mine: u32| {
        let (state, ctx) = (state.clone(), ctx.clone());
        async move {
            for _ in 0..5 {
                let seen = state.clone();
                ctx.wait_until(move || seen.with(|it| it.0 % 2 == mine)).await?;
                state.with(|it| it.0 += 1);
            }
            Ok::<_, crate::error::Cancelled>(())
        }
    };
    let (a, b) = join(turn(1), turn(0)).await;
    a?;
    b?;
    Ok(state.with(|it| it.0))
}));

#[test]
fn branches_that_wait_for_each_other_go_on_until_nothing_moves() {
    let (_, asked) = Case::started::<PingPong>();
    assert_eq!(asked, ["done: 10"]);
}

#[derive(Default)]
struct Channel(Option<futures::channel::mpsc::UnboundedSender<u32>>);
table!(Channel,
    run: |state, _, _| running(async move {
        let (sender, mut receiver) = futures::channel::mpsc::unbounded();
        state.with(|it| it.0 = Some(sender));
        let mut sum = 0;
        while let Some(n) = futures::StreamExt::next(&mut receiver).await {
            sum += n;
        }
        Ok(sum)
    }),
    signals: &[
        on("add", |state, _, mut args| {
            let n = args.next("n")?;
            done(state.with(|it| Ok(it.0.as_ref().map(|to| to.unbounded_send(n)).is_some())))
        }),
        on("close", |state, _, _| done({ state.with(|it| it.0 = None); Ok(()) })),
    ]
);

#[derive(Default)]
struct Counted {
    sender: Option<futures::channel::mpsc::UnboundedSender<u32>>,
    sum: u32,
}
table!(Counted,
    run: |state, ctx, _| running(async move {
        let (sender, mut receiver) = futures::channel::mpsc::unbounded();
        state.with(|it| it.sender = Some(sender));
        let counted = state.clone();
        drop(ctx.spawn(async move {
            while let Some(n) = receiver.next().await {
                counted.with(|it| it.sum += n);
            }
        }));
        let until = state.clone();
        ctx.wait_until(move || until.with(|it| it.sum >= 3)).await?;
        Ok(state.with(|it| it.sum))
    }),
    signals: &[on("add", |state, _, mut args| {
        let n = args.next::<u32>("n")?;
        state.with(|it| it.sender.as_ref().is_some_and(|it| it.unbounded_send(n).is_ok()));
        done(Ok(()))
    })]
);

#[test]
fn a_branch_that_a_channel_woke_lets_conditions_look_at_what_it_changed() {
    let (mut case, _) = Case::started::<Counted>();
    case.signal("add", (1,));
    assert_eq!(case.settle(), [""; 0]);
    case.signal("add", (2,));
    assert_eq!(case.settle(), ["done: 3"]);
}

#[test]
fn a_channel_between_handlers_and_the_run_method_works() {
    let (mut case, asked) = Case::started::<Channel>();
    assert_eq!(asked, [""; 0]);
    case.signal("add", (1,));
    case.signal("add", (2,));
    assert_eq!(case.settle(), [""; 0]);
    case.signal("close", ());
    assert_eq!(case.settle(), ["done: 3"]);
}
