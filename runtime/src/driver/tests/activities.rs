use durably_engine::CancellationType;

use super::*;
use crate::{options::Retry, time::span::mins};

#[derive(Default)]
struct Greeting;
table!(Greeting, run: |_, ctx, _| running(async move {
    let mut all = Vec::new();
    for name in ["Ada", "Bob"] {
        all.push(greet(&ctx, name).await?);
    }
    Ok(all)
}));

#[test]
fn calls_give_their_results() {
    let (mut case, asked) = Case::started::<Greeting>();
    assert_eq!(asked, [r#"activity 1: greet("Ada")"#]);
    assert_eq!(
        case.complete(1, "Hello, Ada"),
        [r#"activity 2: greet("Bob")"#]
    );
    assert_eq!(
        case.complete(2, "Hello, Bob"),
        [r#"done: ["Hello, Ada","Hello, Bob"]"#]
    );
}

#[test]
fn a_failed_call_fails_the_workflow_with_the_name_and_the_cause() {
    let (mut case, _) = Case::started::<Greeting>();
    let mut intents = Vec::new();
    case.run
        .handle(failed(1, app("OutOfWords")), &mut intents)
        .unwrap();
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
    assert!(
        matches!(&failure.info, FailureInfo::Activity { activity_type, .. } if activity_type == "greet")
    );
    assert_eq!(failure.cause.as_ref().unwrap().message, "no greeting");
}

#[test]
fn a_result_of_another_type_fails_the_task_and_names_activity_and_type() {
    let (mut case, _) = Case::started::<Greeting>();
    case.handle(completed(1, 42));
    assert_eq!(
        case.failing(),
        "cannot read the result of activity `greet` as `String`: \
         invalid type: integer `42`, expected a string",
    );
}

#[derive(Default)]
struct Options;
table!(Options, run: |_, ctx, _| running(async move {
    let call = ctx.activity::<u64>("sum", (1, 2));
    let call = call.schedule_to_close(mins(5)).start_to_close(secs(7)).heartbeat(secs(2));
    let call = call.retry(Retry::attempts(3)).task_queue("slow").id("sum-1").summary("adds");
    Ok(call.cancellation(CancellationType::WaitCompleted).await?)
}));

#[test]
fn options_travel_with_the_call() {
    let mut case = Case::begun::<Options>();
    let mut intents = Vec::new();
    case.run.handle(Job::Settle, &mut intents).unwrap();
    let [
        Issued {
            intent: Intent::ScheduleActivity(call),
            ..
        },
    ] = &intents[..]
    else {
        panic!("one intent, not {intents:?}");
    };
    assert_eq!(call.activity_type, "sum");
    assert_eq!(call.activity_id.as_deref(), Some("sum-1"));
    assert_eq!(call.task_queue.as_deref(), Some("slow"));
    assert_eq!(call.timeouts.start_to_close, Some(secs(7)));
    assert_eq!(call.timeouts.schedule_to_close, Some(mins(5)));
    assert_eq!(call.timeouts.heartbeat, Some(secs(2)));
    assert_eq!(call.retry.as_ref().unwrap().maximum_attempts, 3);
    assert_eq!(call.cancellation, CancellationType::WaitCompleted);
    assert_eq!(text(call.summary.as_ref().unwrap()), r#""adds""#);
    assert_eq!(case.complete(1, 3), ["done: 3"]);
}

#[derive(Default)]
struct Contradiction;
table!(Contradiction, run: |_, ctx, _| running(async move {
    let call = greet(&ctx, "Ada").retry(Retry::attempts(3).backoff(0.5));
    Ok(call.await?)
}));

#[test]
fn contradictory_options_fail_the_task() {
    let text = Case::begun::<Contradiction>().failing();
    assert!(text.starts_with("options of activity `greet`: "), "{text}");
}

/// Has less time in all than the activity declares for one attempt, which the server shortens.
#[derive(Default)]
struct Hurried;
table!(Hurried, run: |_, ctx, _| running(async move {
    let call = greet(&ctx, "Ada").schedule_to_close(secs(1));
    Ok(call.await?)
}));

#[test]
fn a_timeout_that_is_longer_than_the_whole_is_left_to_the_server() {
    let (_, asked) = Case::started::<Hurried>();
    assert_eq!(asked, ["activity 1: greet(\"Ada\")"]);
}

#[derive(Default)]
struct Started;
table!(Started, run: |_, ctx, _| running(async move {
    let first = greet(&ctx, "Ada").start();
    let mut second = greet(&ctx, "Bob").start();
    greet(&ctx, "Eve").start().detach();
    second.cancel();
    let cancelled = second.await.unwrap_err().is_cancelled();
    Ok((cancelled, first.await?))
}));

#[test]
fn a_started_call_runs_before_it_is_awaited_and_can_be_cancelled() {
    let (mut case, asked) = Case::started::<Started>();
    let expected = [
        r#"activity 1: greet("Ada")"#,
        r#"activity 2: greet("Bob")"#,
        r#"activity 3: greet("Eve")"#,
        "cancel activity 2",
    ];
    assert_eq!(asked, expected);
    assert_eq!(case.complete(1, "Hello"), [""; 0]);
    assert_eq!(
        case.fail(2, FailureInfo::Canceled { details: vec![] }),
        [r#"done: [true,"Hello"]"#]
    );
}
