use super::*;
use crate::{data::reject, definition::Update, error::AppError};

#[derive(Default)]
struct Account {
    balance: u64,
    closed: bool,
}
table!(Account,
    run: |state, ctx, _| running(async move {
        let closed = state.clone();
        ctx.wait_until(move || closed.with(|it| it.closed)).await?;
        let facts = ctx.clone();
        ctx.wait_until(move || facts.handlers_finished()).await?;
        Ok(state.with(|it| it.balance))
    }),
    signals: &[
        on("add", |state, _, mut args| {
            let cents: u64 = args.next("cents")?;
            state.with(|it| it.balance += cents);
            done(Ok(()))
        }),
        on("addLater", |state, ctx, mut args| {
            let cents: u64 = args.next("cents")?;
            running(async move {
                ctx.sleep(secs(1)).await?;
                state.with(|it| it.balance += cents);
                Ok(())
            })
        }),
        on("break", |_, _, _| done::<()>(Err(AppError::new("Broken", "broken").into()))),
        on("close", |state, _, _| done({ state.with(|it| it.closed = true); Ok(()) })),
    ],
    queries: &[
        ("balance", |state, _, _| encode_result(&state.balance)),
        ("plus", |state, _, mut args| encode_result(&(state.balance + args.next::<u64>("n")?))),
        ("bad", |_, _, _| panic!("no answer")),
    ],
    updates: &[
        Update {
            name: "deposit",
            unfinished: Unfinished::Warn,
            validate: Some(|_, _, mut args| {
                let cents: u64 = args.next("cents")?;
                assert_ne!(cents, 13, "unlucky");
                reject(if cents == 0 { Err("nothing to deposit") } else { Ok(()) })
            }),
            call: |state, _, mut args| {
                let cents: u64 = args.next("cents")?;
                done(Ok(state.with(|it| { it.balance += cents; it.balance })))
            },
        },
        Update {
            name: "transfer",
            unfinished: Unfinished::Warn,
            validate: None,
            call: |state, ctx, mut args| {
                let to: String = args.next("to")?;
                running(async move {
                    let text = greet(&ctx, &to).await?;
                    state.with(|it| it.balance -= 1);
                    Ok(text)
                })
            },
        },
    ]
);

#[test]
fn signals_before_the_first_poll_are_seen_by_it() {
    let mut case = Case::begun::<Account>();
    case.signal("add", (5,));
    case.signal("close", ());
    assert_eq!(case.settle(), ["done: 5"]);
}

#[test]
fn the_run_method_can_wait_for_async_handlers() {
    let (mut case, _) = Case::started::<Account>();
    case.signal("addLater", (7,));
    case.signal("addLater", (8,));
    assert_eq!(case.settle(), ["timer 1: 1s", "timer 2: 1s"]);
    case.signal("close", ());
    assert_eq!(case.settle(), [""; 0]);
    assert_eq!(case.fire(2), [""; 0]);
    assert_eq!(case.fire(1), ["done: 15"]);
}

#[test]
fn an_unknown_signal_and_an_unreadable_one_do_not_keep_the_run_from_going_on() {
    let (mut case, _) = Case::started::<Account>();
    case.signal("nobody", (1,));
    case.signal("add", ("not a number",));
    case.signal("add", (2,));
    case.signal("close", ());
    assert_eq!(case.settle(), ["done: 2"]);
}

#[test]
fn an_error_of_a_signal_handler_fails_the_workflow() {
    let (mut case, _) = Case::started::<Account>();
    case.signal("break", ());
    assert_eq!(case.settle(), ["failed: broken"]);
}

#[test]
fn a_signal_handler_that_is_cancelled_leaves_the_end_to_the_run_method() {
    let (mut case, _) = Case::started::<Account>();
    case.signal("addLater", (7,));
    case.settle();
    assert_eq!(case.cancel(), ["cancel timer 1", "cancelled"]);
}

#[test]
fn queries_are_answered_while_the_run_is_suspended() {
    let (mut case, _) = Case::started::<Account>();
    case.signal("add", (2,));
    assert_eq!(case.query("balance", ()), Ok("2".into()));
    assert_eq!(case.query("plus", (40,)), Ok("42".into()));
    assert_eq!(case.settle(), [""; 0], "a query leaves no trace");
}

#[test]
fn a_query_that_cannot_be_answered_says_why() {
    let (mut case, _) = Case::started::<Account>();
    assert_eq!(
        case.query("nobody", ()).unwrap_err(),
        "query handler for `nobody` expected but not found; known queries: balance, plus, bad",
    );
    let unreadable = case.query("plus", ("x",)).unwrap_err();
    assert!(unreadable.starts_with("cannot read argument 1 `n` of query `plus` as `u64`"));
    let panicked = case.query("bad", ()).unwrap_err();
    assert!(panicked.ends_with("no answer"), "{panicked}");
    assert_eq!(
        case.query("balance", ()),
        Ok("0".into()),
        "the run is as it was"
    );
}

#[test]
fn the_stack_trace_tells_where_the_run_waits() {
    let (mut case, _) = Case::started::<Account>();
    case.update("u1", "transfer", ("Ada",));
    case.settle();
    let trace = case.query("__stack_trace", ()).unwrap();
    assert!(trace.contains("activity `greet`"), "{trace}");
    assert!(trace.contains("wait_until"), "{trace}");
    assert!(trace.contains("tests/messages.rs:"), "{trace}");
}

#[test]
fn the_metadata_query_lists_handlers() {
    let (mut case, _) = Case::started::<Account>();
    let metadata = case.query("__temporal_workflow_metadata", ()).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let definition = &metadata["definition"];
    assert_eq!(definition["type"], "Account");
    assert_eq!(definition["signalDefinitions"][1]["name"], "addLater");
    assert_eq!(definition["updateDefinitions"][0]["name"], "deposit");
    assert_eq!(definition["queryDefinitions"][3]["name"], "__stack_trace");
}

#[test]
fn a_sync_update_is_accepted_and_completed_at_once() {
    let (mut case, _) = Case::started::<Account>();
    assert_eq!(
        case.update("u1", "deposit", (5,)),
        ["accept u1", "complete u1: 5"]
    );
}

#[test]
fn an_update_that_is_not_valid_is_rejected_and_leaves_no_trace() {
    let (mut case, _) = Case::started::<Account>();
    assert_eq!(
        case.update("u1", "deposit", (0,)),
        ["reject u1: nothing to deposit"]
    );
    let panicked = case.update("u2", "deposit", (13,)).remove(0);
    assert!(
        panicked.starts_with("reject u2: ") && panicked.contains("unlucky"),
        "{panicked}"
    );
    let unreadable = case.update("u3", "deposit", ("x",)).remove(0);
    assert!(
        unreadable.starts_with("reject u3: cannot read argument 1 `cents`"),
        "{unreadable}"
    );
    let unreadable = case.update("u4", "transfer", (1,)).remove(0);
    assert!(
        unreadable.starts_with("reject u4: cannot read argument 1 `to`"),
        "{unreadable}"
    );
    let unknown = case.update("u5", "withdraw", ()).remove(0);
    assert_eq!(
        unknown,
        "reject u5: update handler for `withdraw` expected but not found; \
         known updates: deposit, transfer",
    );
    assert_eq!(case.query("balance", ()), Ok("0".into()));
}

#[test]
fn an_async_update_completes_when_its_handler_ends() {
    let (mut case, _) = Case::started::<Account>();
    case.signal("add", (5,));
    assert_eq!(case.update("u1", "transfer", ("Ada",)), ["accept u1"]);
    assert_eq!(case.settle(), [r#"activity 1: greet("Ada")"#]);
    assert_eq!(case.complete(1, "sent"), [r#"complete u1: "sent""#]);
    assert_eq!(case.query("balance", ()), Ok("4".into()));
}

#[test]
fn an_update_handler_that_fails_fails_the_update_only() {
    let (mut case, _) = Case::started::<Account>();
    case.update("u1", "transfer", ("Ada",));
    case.settle();
    assert_eq!(case.fail(1, app("No")), ["fail u1: activity failed"]);
}

#[test]
fn an_accepted_update_is_not_validated_again() {
    let mut case = Case::replayed::<Account>(&[]);
    assert_eq!(
        case.handle(update("u1", "deposit", (0,), true)),
        ["accept u1", "complete u1: 0"]
    );
}

#[test]
fn an_accepted_update_whose_handler_is_gone_fails_the_task() {
    let mut case = Case::replayed::<Account>(&[]);
    let failed = case
        .try_handle(update("u1", "withdraw", (), true))
        .unwrap_err();
    assert!(failed.nondeterminism);
}

#[derive(Default)]
struct Peeks(Option<Ctx>);
table!(Peeks,
    run: |state, ctx, _| running(async move {
        state.with(|state| state.0 = Some(ctx.clone()));
        ctx.sleep(secs(1)).await?;
        let patched = ctx.patched(crate::workflow::Patch::new("late"));
        ctx.sleep(secs(1)).await?;
        Ok((patched, ctx.random::<u64>()))
    }),
    queries: &[
        ("patched", |state, _, _| encode_result(&state.0.as_ref().map(|ctx| ctx.patched(crate::workflow::Patch::new("late"))))),
        ("random", |state, _, _| encode_result(&state.0.as_ref().map(Ctx::random::<u64>))),
        ("greet", |state, _, _| {
            let handle = state.0.as_ref().map(|ctx| greet(ctx, "Bob").start());
            encode_result(&handle.is_some())
        }),
        ("spawn", |state, _, _| {
            let spawned = state.0.as_ref().map(|ctx| ctx.spawn(async {}));
            encode_result(&spawned.is_some())
        }),
    ]
);

#[test]
fn a_query_that_misuses_a_context_leaves_no_trace() {
    let asked = |queries: &[&str]| {
        let (mut case, _) = Case::started::<Peeks>();
        for query in queries {
            let text = case.query(query, ()).unwrap_err();
            assert!(text.contains("through a context or a handle"), "{text}");
        }
        [case.fire(1), case.fire(2)]
    };
    let untouched = asked(&[]);
    assert_eq!(untouched[0], ["patch late", "timer 2: 1s"]);
    assert_eq!(asked(&["patched", "random", "greet", "spawn"]), untouched);
}
