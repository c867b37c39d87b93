use super::*;
use crate::error::{AppError, ContinueAsNew, Error};

#[derive(Default)]
struct Fails;
table!(Fails, run: |_, _, _| running::<()>(async {
    Err(AppError::new("OutOfStock", "no unicorns left").into())
}));

#[test]
fn an_error_fails_the_run() {
    assert_eq!(Case::started::<Fails>().1, ["failed: no unicorns left"]);
}

#[derive(Default)]
struct GoesOn;
table!(GoesOn, run: |_, _, _| running::<()>(async {
    ContinueAsNew::new("GoesOn", (3,).encode(&crate::data::Converter::default())).into()
}));

#[test]
fn continue_as_new_ends_the_run_and_begins_the_next() {
    assert_eq!(Case::started::<GoesOn>().1, ["continue as GoesOn(3)"]);
}

#[derive(Default)]
struct FailsCancelled;
table!(FailsCancelled, run: |_, ctx, _| running(async move {
    let (scope, ctx) = ctx.scope();
    scope.cancel();
    Ok(ctx.sleep(secs(1)).await?)
}));

#[test]
fn a_cancelled_scope_that_nobody_asked_for_fails_the_run() {
    assert_eq!(Case::started::<FailsCancelled>().1.len(), 1);
    assert!(Case::started::<FailsCancelled>().1[0].starts_with("failed: "));
}

#[derive(Default)]
struct LastWords;
table!(LastWords,
    run: |_, ctx, _| running(async move {
        let inner = ctx.clone();
        drop(ctx.spawn(async move { inner.sleep(secs(5)).await }));
        ctx.sleep(secs(1)).await?;
        let _late = ctx.sleep(secs(2));
        Ok(())
    }),
    signals: &[on("wait", |_, ctx, _| running(async move { Ok(ctx.sleep(secs(7)).await?) }))],
    queries: &[("alive", |_, _, _| encode_result(&true))]
);

#[test]
fn nothing_is_asked_for_after_the_end_and_queries_are_still_answered() {
    let mut case = Case::begun::<LastWords>();
    case.signal("wait", ());
    assert_eq!(case.settle(), ["timer 1: 7s", "timer 2: 1s", "timer 3: 5s"]);
    assert_eq!(case.fire(2), ["done: null"]);
    assert_eq!(case.fire(1), [""; 0]);
    assert_eq!(case.query("alive", ()), Ok("true".into()));
}

#[derive(Default)]
struct Undecodable;
table!(Undecodable, init: |_, mut args| {
    let _: u64 = args.next("n")?;
    Ok(Undecodable)
});

#[test]
fn arguments_that_cannot_be_read_fail_the_task() {
    let Err(failed) = Case::try_begin::<Undecodable>(false, &[]) else {
        panic!("the run began");
    };
    assert!(
        failed
            .failure
            .message
            .contains("argument 1 `n` of workflow `Undecodable`")
    );
    assert!(!failed.nondeterminism);
}

#[derive(Default)]
struct Nested;
table!(Nested, run: |_, ctx, _| running::<()>(async move {
    let error = greet(&ctx, "Ada").await.unwrap_err();
    assert_eq!(error.app().unwrap().kind, "Broken");
    Err(Error::from(AppError::new("Outer", "gave up").caused_by(error)))
}));

#[test]
fn causes_are_kept() {
    let (mut case, _) = Case::started::<Nested>();
    case.handle(failed(1, app("Broken")));
    let mut intents = Vec::new();
    case.run.handle(Job::Settle, &mut intents).unwrap();
    let [
        Issued {
            intent: Intent::EndRun(EndRun::Fail(failure)),
            ..
        },
    ] = &intents[..]
    else {
        panic!("one intent, not {intents:?}");
    };
    let cause = failure.cause.as_ref().unwrap();
    assert!(matches!(cause.info, FailureInfo::Activity { .. }));
    assert_eq!(cause.cause.as_ref().unwrap().message, "no greeting");
}
