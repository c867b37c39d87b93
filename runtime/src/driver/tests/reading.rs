//! Queries and validators find contexts, scopes, handles and futures in the state, and can do nothing
//! with them: each try fails with a text that says so, and the run does what it would have done.

use std::{
    cell::RefCell,
    pin::pin,
    task::{Context, Waker},
};

use super::*;
use crate::{
    data::reject,
    definition::Update,
    workflow::{
        ActivityHandle, CancelWait, ChildCall, ExternalHandle, Scope, Semaphore, Sleep, Spawned,
        WaitUntil,
    },
};

/// Everything that a state can keep and that acts on the run.
#[derive(Default)]
struct Keeper {
    kept: RefCell<Option<Kept>>,
}

struct Kept {
    ctx: Ctx,
    scope: Scope,
    running: Option<ActivityHandle<Greet>>,
    call: Option<ActivityCall<Greet, TimeoutSet>>,
    sleep: Option<Sleep>,
    started: Option<Sleep>,
    spawned: Spawned<u32>,
    finished: Spawned<u32>,
    condition: WaitUntil<fn() -> bool>,
    cancelled: CancelWait,
    external: ExternalHandle<Keeper>,
    slots: Semaphore,
}

fn poll_once<T>(future: impl Future<Output = T>) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

type Try = (&'static str, fn(&mut Kept));

/// What a query tries with what it finds.
const TRIES: &[Try] = &[
    ("cancels a scope", |it| it.scope.cancel()),
    ("cancels an activity", |it| {
        it.running.as_mut().expect("it runs").cancel();
    }),
    ("detaches an activity", |it| {
        it.running.take().expect("it runs").detach();
    }),
    ("drops a running activity", |it| drop(it.running.take())),
    ("drops a running timer", |it| drop(it.started.take())),
    ("starts an activity", |it| {
        it.call.take().expect("it is new").start().detach();
    }),
    ("starts a cancelled activity", |it| {
        let (scope, inner) = it.ctx.scope();
        poll_once(greet(&inner, "Ann").start());
        scope.cancel();
    }),
    ("polls a call", |it| {
        poll_once(it.call.as_mut().expect("it is new"))
    }),
    ("polls a running activity", |it| {
        poll_once(it.running.as_mut().expect("it runs"));
    }),
    ("polls a timer", |it| {
        poll_once(it.sleep.as_mut().expect("it is new"))
    }),
    ("polls a running timer", |it| {
        poll_once(it.started.as_mut().expect("it runs"));
    }),
    ("polls a new timer", |it| poll_once(it.ctx.sleep(secs(1)))),
    ("yields", |it| poll_once(it.ctx.sleep(secs(0)))),
    ("polls a spawned future", |it| poll_once(&mut it.spawned)),
    ("polls a finished future", |it| poll_once(&mut it.finished)),
    ("polls a condition", |it| poll_once(&mut it.condition)),
    ("polls a condition with a timeout", |it| {
        poll_once(it.ctx.wait_until(|| false).timeout(secs(1)));
    }),
    ("polls a wait for cancellation", |it| {
        poll_once(&mut it.cancelled)
    }),
    ("spawns", |it| drop(it.ctx.spawn(async {}))),
    ("draws a number", |it| _ = it.ctx.random::<u64>()),
    ("draws a UUID", |it| _ = it.ctx.uuid()),
    ("draws from a generator", |it| {
        let _: u64 = rand::RngExt::random(&mut it.ctx.rng());
    }),
    ("draws a sorted UUID", |it| _ = it.ctx.uuid7()),
    ("draws from a named sequence", |it| {
        let _: u64 = rand::RngExt::random(&mut it.ctx.rng_named("lottery"));
    }),
    ("takes a permit", |it| drop(it.slots.try_acquire(&it.ctx))),
    ("polls a wait for a permit", |it| {
        poll_once(it.slots.acquire(&it.ctx))
    }),
    ("asks for a patch", |it| {
        _ = it.ctx.patched(crate::workflow::Patch::new("new"))
    }),
    ("drops a patch", |it| {
        it.ctx.deprecate_patch(crate::workflow::Patch::new("new"))
    }),
    ("starts a child", |it| {
        poll_once(
            ChildCall::<Keeper>::new(&it.ctx, ().encode(&crate::data::Converter::default()))
                .start(),
        );
        assert_eq!(it.external.id(), "other");
    }),
];

fn try_it(state: &Keeper, what: usize) {
    let mut kept = state.kept.borrow_mut();
    TRIES[what].1(kept.as_mut().expect("the run has begun"));
}

table!(Keeper,
    run: |state, ctx, _| running(async move {
        let (scope, inner) = ctx.scope();
        let mut sleep = ctx.sleep(secs(60));
        poll_once(&mut sleep);
        let finished = ctx.spawn(async { 7 });
        let spawned = {
            let ctx = ctx.clone();
            ctx.clone().spawn(async move { ctx.sleep(secs(5)).await.map_or(0, |()| 8) })
        };
        state.with(|it| *it.kept.borrow_mut() = Some(Kept {
            running: Some(greet(&inner, "Bob").start()),
            call: Some(greet(&inner, "Eve")),
            sleep: Some(inner.sleep(secs(9))),
            started: Some(sleep),
            spawned,
            finished,
            condition: ctx.wait_until(|| false),
            cancelled: inner.cancelled(),
            external: ExternalHandle::new(&ctx, "other".into()),
            scope,
            slots: Semaphore::new(1),
            ctx: ctx.clone(),
        }));
        ctx.sleep(secs(1)).await?;
        let mut kept = state.with(|it| it.kept.take()).expect("it is kept");
        let text = kept.running.take().map(async |it| it.await).expect("it runs").await?;
        let (seven, eight) = (kept.finished.await, kept.spawned.await);
        kept.started.expect("it runs").await?;
        kept.sleep.expect("it is new").await?;
        let called = kept.call.expect("it is new").await?;
        Ok(format!("{text} {called} {seven} {eight} {}", ctx.uuid()))
    }),
    queries: &[("try", |state, _, mut args| {
        try_it(state, args.next("what")?);
        encode_result(&())
    })],
    updates: &[Update {
        name: "try",
        unfinished: Unfinished::Warn,
        validate: Some(|state, _, mut args| {
            try_it(state, args.next("what")?);
            reject(Ok::<_, String>(()))
        }),
        call: |_, _, _| done(Ok(())),
    }]
);

/// All that the run asks for, to its end; `between` happens while everything is kept.
fn asked(between: impl FnOnce(&mut Case)) -> Vec<String> {
    let (mut case, mut asked) = Case::started::<Keeper>();
    between(&mut case);
    let ends: [fn() -> Job; 6] = [
        || Job::TimerFired { seq: Seq(3) },
        || Job::TimerFired { seq: Seq(4) },
        || completed(2, "Hi Bob"),
        || Job::TimerFired { seq: Seq(1) },
        || Job::TimerFired { seq: Seq(5) },
        || completed(6, "Hi Eve"),
    ];
    for end in ends {
        asked.extend(case.after(end()));
    }
    asked
}

#[test]
fn what_a_query_or_a_validator_tries_fails_and_changes_nothing() {
    let untouched = asked(|_| ());
    assert!(
        untouched.last().is_some_and(|it| it.starts_with("done")),
        "{untouched:?}"
    );
    for (at, (what, _)) in TRIES.iter().enumerate() {
        // What is taken out of the state is lost to the run by the user's own doing.
        let takes = ["detaches", "drops a running", "starts an activity"]
            .iter()
            .any(|takes| what.starts_with(takes));
        let refused = |text: &str| {
            assert!(
                text.contains("only run methods, signals and updates may do that")
                    || text.contains("a query, a validator or a constructor cancels nothing"),
                "{what}: {text}"
            );
        };
        let query = |case: &mut Case| refused(&case.query("try", (at,)).expect_err(what));
        let validator = |case: &mut Case| {
            let answer = case.update("1", "try", (at,)).concat();
            assert!(answer.starts_with("reject 1: "), "{what}: {answer}");
            refused(&answer);
            assert_eq!(case.settle(), [""; 0], "{what}");
        };
        if takes {
            let (mut case, _) = Case::started::<Keeper>();
            query(&mut case);
            assert_eq!(case.settle(), [""; 0], "{what}");
            let (mut case, _) = Case::started::<Keeper>();
            validator(&mut case);
        } else {
            assert_eq!(asked(query), untouched, "{what}, in a query");
            assert_eq!(asked(validator), untouched, "{what}, in a validator");
        }
    }
}
