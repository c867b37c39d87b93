//! Log lines of user code carry the ids of their run by themselves.

use super::*;
use crate::telemetry::spans::span_log::lines_of;

#[derive(Default)]
struct Spanned(bool);
table!(Spanned,
    init: |_, _| {
        tracing::info!("init");
        Ok(Spanned::default())
    },
    run: |state, ctx, _| running(async move {
        ctx.wait_until(move || state.with(|it| it.0)).await?;
        tracing::info!("end");
        Ok(())
    }),
    signals: &[on("go", |state, ctx, _| {
        tracing::info!("begins");
        let ctx = ctx.clone();
        running(async move {
            ctx.sleep(Duration::from_secs(1)).await?;
            tracing::info!("slept");
            state.with(|it| it.0 = true);
            Ok(())
        })
    })],
    queries: &[("logged", |_, _, _| {
        tracing::info!("query");
        encode_result(&())
    })]
);

/// The message of a line, after its spans: their names, and the fields but those of the run.
fn short(line: &str) -> String {
    let ids = line.split_once("workflow{").map_or("", |(_, rest)| rest);
    let (ids, rest) = ids.split_once("}:").unwrap_or(("", line));
    match ids.starts_with("workflow_type=\"") && ids.contains(" run_id=\"") {
        true => format!("workflow:{rest}"),
        false => rest.to_owned(),
    }
}

#[test]
fn lines_of_a_workflow_are_in_its_span_and_in_that_of_their_handler() {
    let lines = lines_of(|| {
        let mut case = Case::begun::<Spanned>();
        case.settle();
        case.signal("go", ());
        case.settle();
        case.query("logged", ()).expect("the query is known");
        case.fire(1);
        case.settle();
    });
    let lines: Vec<_> = lines.iter().map(|line| short(line)).collect();
    let expected = [
        "workflow: init",
        "workflow:signal{signal=\"go\"}: begins",
        "workflow:query{query=\"logged\"}: query",
        "workflow:signal{signal=\"go\"}: slept",
        "workflow: end",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn lines_after_a_replay_are_in_the_span_of_the_handler_that_began_in_it() {
    let lines = lines_of(|| {
        let mut case = Case::replayed::<Spanned>(&[]);
        case.signal("go", ());
        case.settle();
        case.replaying = false;
        case.handle(case.advance());
        case.fire(1);
        case.settle();
    });
    let lines: Vec<_> = lines.iter().map(|line| short(line)).collect();
    let expected = ["workflow:signal{signal=\"go\"}: slept", "workflow: end"];
    assert_eq!(lines, expected);
}

#[test]
fn our_own_lines_have_the_ids_once() {
    let lines = lines_of(|| {
        let mut case = Case::begun::<Spanned>();
        case.settle();
        case.signal("unknown", ());
        case.settle();
    });
    let unhandled = lines.iter().find(|it| it.contains("no handler")).unwrap();
    assert_eq!(unhandled.matches("workflow_id=").count(), 1, "{unhandled}");
    assert_eq!(unhandled.matches("run_id=").count(), 1, "{unhandled}");
}
