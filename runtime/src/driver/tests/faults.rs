use super::*;
use crate::instance::current::{Beacon, in_workflow};

#[derive(Default)]
struct Panics;
table!(Panics, run: |_, ctx, _| running(async move {
    ctx.sleep(secs(1)).await?;
    assert!(in_workflow());
    let nobody: Option<u32> = std::hint::black_box(None);
    Ok(nobody.expect("somebody"))
}));

#[test]
fn a_panic_fails_the_task_with_its_text_and_place() {
    let (mut case, _) = Case::started::<Panics>();
    case.handle(Job::TimerFired { seq: Seq(1) });
    let text = case.failing();
    assert!(text.starts_with("`Panics` panicked at "), "{text}");
    assert!(
        text.contains("tests/faults.rs:") && text.ends_with("somebody"),
        "{text}"
    );
    assert!(!in_workflow());
}

#[derive(Default)]
struct ForeignLater;
thread_local! {
    static SENDER: std::cell::Cell<Option<futures::channel::oneshot::Sender<()>>> =
        const { std::cell::Cell::new(None) };
}
table!(ForeignLater,
    run: |_, ctx, _| running(async move {
        ctx.sleep(secs(1)).await?;
        let (sender, receiver) = futures::channel::oneshot::channel::<()>();
        SENDER.set(Some(sender));
        Ok(receiver.await.is_ok())
    }),
    signals: &[on("poke", |_, _, _| done(Ok(())))]
);

#[test]
fn a_wake_from_outside_fails_the_task_with_the_last_durable_wait() {
    let (mut case, _) = Case::started::<ForeignLater>();
    assert_eq!(case.fire(1), [""; 0]);
    SENDER.take().unwrap().send(()).unwrap();
    case.signal("poke", ());
    let failed = case.try_handle(Job::Settle).unwrap_err();
    assert!(failed.nondeterminism);
    let text = failed.failure.message;
    assert!(
        text.contains("something outside of the workflow woke"),
        "{text}"
    );
    assert!(text.contains("tests/faults.rs:"), "{text}");
}

#[derive(Default)]
struct Endless;
table!(Endless, run: |_, ctx, _| running(async move {
    ctx.sleep(secs(1)).await?;
    std::future::pending::<()>().await;
    Ok(())
}));

#[test]
fn a_wait_that_nothing_can_end_fails_the_task() {
    let (mut case, _) = Case::started::<Endless>();
    case.handle(Job::TimerFired { seq: Seq(1) });
    let text = case.failing();
    assert!(
        text.starts_with("`Endless` waits for a future that durably does not know"),
        "{text}"
    );
    assert!(
        text.contains("the last durable wait before it is at "),
        "{text}"
    );
}

#[derive(Default)]
struct KeepsSelf;
table!(KeepsSelf, run: |state, ctx, _| running(async move {
    let mut root = crate::instance::state::Root::new(&state);
    let mut lease = crate::instance::state::Lease::new(&mut root);
    let me = lease.take();
    ctx.sleep(secs(1)).await?;
    lease.give(me);
    Ok(())
}));

#[test]
fn an_await_that_keeps_self_fails_the_task() {
    let text = Case::begun::<KeepsSelf>().failing();
    assert!(
        text.starts_with("`KeepsSelf` kept `self` while suspended"),
        "{text}"
    );
}

#[derive(Default)]
struct CommandInQuery(Option<Ctx>);
table!(CommandInQuery,
    run: |state, ctx, _| running(async move {
        let kept = ctx.clone();
        state.with(|it| it.0 = Some(kept));
        Ok(ctx.sleep(secs(1)).await?)
    }),
    queries: &[("ask", |state, _, _| encode_result(&state.0.as_ref().map(|it| it.patched(crate::workflow::Patch::new("x")))))]
);

#[test]
fn a_query_cannot_ask_for_commands_through_a_kept_context() {
    let (mut case, _) = Case::started::<CommandInQuery>();
    let text = case.query("ask", ()).unwrap_err();
    assert!(text.contains("issued a command"), "{text}");
    assert_eq!(case.fire(1), ["done: null"]);
}

struct PanicsInDrop;
impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("in drop");
    }
}
#[derive(Default)]
struct DropsBadly;
table!(DropsBadly, run: |_, ctx, _| running(async move {
    let _guard = PanicsInDrop;
    ctx.sleep(secs(1)).await?;
    Ok(())
}));

#[test]
fn a_run_leaves_the_cache_without_a_trace_even_if_its_code_panics() {
    let (case, _) = Case::started::<DropsBadly>();
    drop(case);
}

#[test]
fn the_latest_wait_is_seen_by_other_threads() {
    let beacon = std::sync::Arc::<Beacon>::default();
    beacon.clone().install();
    Case::started::<Endless>();
    assert!(
        beacon
            .last_seen()
            .place
            .unwrap()
            .file()
            .ends_with("faults.rs")
    );
}
