//! Children and other workflows.

use durably_engine::{
    ChildCancellationType, ChildId, ChildOutcome, ChildStartFault, ChildStarted, ExternalFault,
    ExternalOutcome, ParentClose, StartChild,
};

use super::*;
use crate::{
    error::{ChildError, Error, ExternalError, Failure},
    options::Retry,
    time::span::{days, hours},
    workflow::{ChildCall, Saga, UntypedWorkflow, join_all, race},
};

fn ship(ctx: &Ctx, order: &str) -> ChildCall<UntypedWorkflow<String>> {
    ctx.child("Ship", (order.to_owned(),))
}

/// A child started.
fn child_started(seq: u32) -> Job {
    Job::ChildStarted {
        seq: Seq(seq),
        started: ChildStarted {
            workflow_id: format!("ship-{seq}"),
            run_id: format!("run-{seq}"),
        },
    }
}

fn child_completed(seq: u32, result: impl Serialize) -> Job {
    let json = serde_json::to_vec(&result).expect("test results are JSON");
    Job::ChildResolved {
        seq: Seq(seq),
        outcome: ChildOutcome::Completed(vec![Payload::json(json)]),
    }
}

/// A child that ended with this as its cause.
fn child_failed(seq: u32, cause: FailureInfo) -> Job {
    let cancelled = matches!(cause, FailureInfo::Canceled { .. });
    let child = FailureInfo::ChildWorkflow {
        namespace: "default".into(),
        workflow_id: "ship-1".into(),
        run_id: "run-1".into(),
        workflow_type: "Ship".into(),
        initiated: Default::default(),
        started: Default::default(),
        retry_state: Default::default(),
    };
    let failure = FailureRecord::new("child failed", child)
        .caused_by(FailureRecord::new("the ship sank", cause));
    Job::ChildResolved {
        seq: Seq(seq),
        outcome: match cancelled {
            true => ChildOutcome::Cancelled(failure),
            false => ChildOutcome::Failed(failure),
        },
    }
}

fn delivered(seq: u32, outcome: ExternalOutcome) -> Job {
    Job::ExternalResolved {
        seq: Seq(seq),
        outcome,
    }
}

const CANCELED: fn() -> FailureInfo = || FailureInfo::Canceled {
    details: Vec::new(),
};

/// What the run asks for first, if it is a child.
fn first_child<W: Workflow>() -> StartChild {
    let mut case = Case::begun::<W>();
    let mut intents = Vec::new();
    case.run.handle(Job::Settle, &mut intents).unwrap();
    match intents.into_iter().next().map(|it| it.intent) {
        Some(Intent::StartChild(start)) => *start,
        other => panic!("expected a child, found {other:?}"),
    }
}

#[derive(Default)]
struct Calls;
table!(Calls, run: |_, ctx, _| running(async move { Ok(ship(&ctx, "order-1").await?) }));

#[test]
fn a_call_waits_for_the_result() {
    let (mut case, asked) = Case::started::<Calls>();
    assert_eq!(asked, [r#"child 1: Ship("order-1")"#]);
    assert_eq!(case.after(child_started(1)), [""; 0]);
    assert_eq!(
        case.after(child_completed(1, "there")),
        [r#"done: "there""#]
    );
}

#[test]
fn an_id_that_is_not_chosen_is_a_random_one_of_the_run() {
    let (first, again) = (first_child::<Calls>(), first_child::<Calls>());
    let ChildId::Generated(id) = &first.id else {
        panic!("no id was chosen");
    };
    assert_eq!(
        uuid::Uuid::parse_str(id).map(|it| it.get_version_num()),
        Ok(4)
    );
    assert_eq!(again.id, first.id, "a replay makes the same id up");
    assert_eq!((&*first.namespace, first.task_queue), ("default", None));
    assert_eq!(first.parent_close, ParentClose::Terminate);
    assert_eq!(first.cancellation, ChildCancellationType::WaitCompleted);
}

#[test]
fn a_result_of_another_type_fails_the_task_and_names_workflow_and_type() {
    let (mut case, _) = Case::started::<Calls>();
    case.handle(child_completed(1, 42));
    assert_eq!(
        case.failing(),
        "cannot read the result of workflow `Ship` as `String`: \
         invalid type: integer `42`, expected a string",
    );
}

#[derive(Default)]
struct Options;
table!(Options, run: |_, ctx, _| running(async move {
    let call = ship(&ctx, "order-1").id("ship-7").task_queue("ships").cron("@daily");
    let call = call.execution_timeout(days(3)).run_timeout(days(2)).task_timeout(secs(5));
    let call = call.retry(Retry::attempts(3)).parent_close(ParentClose::Abandon);
    let call = call.cancellation(ChildCancellationType::TryCancel);
    let call = call.memo("note", "fragile").search(crate::search::SearchKey::<crate::search::Keyword>::new("Customer"), "c-17");
    Ok(call.summary("by ship").details("the *next* one").await?)
}));

#[test]
fn options_travel_with_the_call() {
    let start = first_child::<Options>();
    assert_eq!(start.id, ChildId::Chosen("ship-7".to_owned()));
    assert_eq!(start.task_queue.as_deref(), Some("ships"));
    assert_eq!(start.cron, "@daily");
    assert_eq!(
        [
            start.execution_timeout,
            start.run_timeout,
            start.task_timeout
        ],
        [Some(days(3)), Some(days(2)), Some(secs(5))]
    );
    assert_eq!(start.retry.map(|it| it.maximum_attempts), Some(3));
    assert_eq!(start.parent_close, ParentClose::Abandon);
    assert_eq!(start.cancellation, ChildCancellationType::TryCancel);
    assert_eq!(text(&start.memo["note"]), r#""fragile""#);
    assert_eq!(text(&start.search_attributes["Customer"]), r#""c-17""#);
    assert_eq!(
        start.summary.as_ref().map(text).as_deref(),
        Some(r#""by ship""#)
    );
    assert_eq!(
        start.details.as_ref().map(text).as_deref(),
        Some(r#""the *next* one""#)
    );
}

#[derive(Default)]
struct Invalid;
table!(Invalid, run: |_, ctx, _| running(async move {
    Ok(ship(&ctx, "order-1").run_timeout(secs(0)).await?)
}));
#[derive(Default)]
struct Unwritable;
table!(Unwritable, run: |_, ctx, _| running(async move {
    Ok(ctx.child::<()>("Ship", (f64::NAN,)).await?)
}));
#[derive(Default)]
struct UnwritableMemo;
table!(UnwritableMemo, run: |_, ctx, _| running(async move {
    Ok(ship(&ctx, "order-1").memo("weight", f64::NAN).await?)
}));
#[derive(Default)]
struct UnwritableSignal;
table!(UnwritableSignal, run: |_, ctx, _| running(async move {
    Ok(ctx.external("ship-7").signal("weigh", (f64::NAN,)).await?)
}));
#[derive(Default)]
struct AwaitedAgain;
table!(AwaitedAgain, run: |_, ctx, _| running(async move {
    let mut call = ship(&ctx, "order-1");
    (&mut call).await?;
    Ok(call.await?)
}));

#[test]
fn calls_that_cannot_be_made_fail_the_task_with_the_reason() {
    assert_eq!(
        Case::begun::<Invalid>().failing(),
        "options of child workflow `Ship`: \
         `run_timeout` is zero, which would mean no timeout; leave it out"
    );
    assert_eq!(
        Case::begun::<Unwritable>().failing(),
        "cannot start child workflow `Ship`: \
         cannot write argument 1 (`f64`): it is NaN, which JSON cannot hold"
    );
    assert_eq!(
        Case::begun::<UnwritableMemo>().failing(),
        "cannot start child workflow `Ship`: \
         cannot write memo `weight` (`f64`): it is NaN, which JSON cannot hold"
    );
    assert_eq!(
        Case::begun::<UnwritableSignal>().failing(),
        "cannot send signal `weigh`: \
         cannot write argument 1 (`f64`): it is NaN, which JSON cannot hold"
    );
    let (mut case, _) = Case::started::<AwaitedAgain>();
    case.handle(child_completed(1, "there"));
    let text = case.failing();
    assert!(text.contains("was awaited again"), "{text}");
}

#[derive(Default)]
struct Starts;
table!(Starts, run: |_, ctx, _| running(async move {
    let ship = ship(&ctx, "order-1").start().await?;
    ship.signal("hold", ("customs",)).await?;
    let first = ship.result();
    let (spawned, own) = (ctx.spawn(ship.result()), ship.result());
    let both = (own.await?, spawned.await?);
    assert_eq!(both.0, both.1);
    assert_eq!(first.await?, both.0);
    Ok(format!("{} {} {}", ship.id(), ship.run_id(), ship.result().await?))
}));

#[test]
fn a_handle_has_the_run_signals_and_the_result_as_often_as_it_is_asked_for() {
    let (mut case, asked) = Case::started::<Starts>();
    assert_eq!(asked, [r#"child 1: Ship("order-1")"#]);
    assert_eq!(
        case.after(child_started(1)),
        [r#"signal 2 to ship-1: hold("customs")"#]
    );
    assert_eq!(
        case.after(delivered(2, ExternalOutcome::Delivered)),
        [""; 0]
    );
    assert_eq!(
        case.after(child_completed(1, "there")),
        [r#"done: "ship-1 run-1 there""#]
    );
}

#[test]
fn a_child_that_ends_in_the_task_in_which_it_starts_has_a_handle_and_a_result() {
    let (mut case, _) = Case::started::<Starts>();
    case.handle(child_started(1));
    assert_eq!(
        case.after(child_completed(1, "there")),
        [r#"signal 2 to ship-1: hold("customs")"#]
    );
    assert_eq!(
        case.after(delivered(2, ExternalOutcome::Delivered)),
        [r#"done: "ship-1 run-1 there""#]
    );
}

#[derive(Default)]
struct LetsGo;
table!(LetsGo, run: |_, ctx, _| running(async move {
    drop(ship(&ctx, "order-1").parent_close(ParentClose::Abandon).start().await?);
    ctx.sleep(secs(1)).await?;
    Ok(())
}));

#[test]
fn a_dropped_handle_leaves_the_child_alone() {
    let (mut case, _) = Case::started::<LetsGo>();
    assert_eq!(case.after(child_started(1)), ["timer 2: 1s"]);
    assert_eq!(case.after(child_completed(1, "there")), [""; 0]);
    assert_eq!(case.fire(2), ["done: null"]);
}

#[derive(Default)]
struct Races;
table!(Races, run: |_, ctx, _| running(async move {
    let late = race(ship(&ctx, "order-1"), ctx.sleep(hours(1))).await.second().is_some();
    ctx.sleep(secs(1)).await?;
    Ok(late)
}));

#[test]
fn a_dropped_call_cancels_the_child() {
    let (mut case, asked) = Case::started::<Races>();
    assert_eq!(asked, [r#"child 1: Ship("order-1")"#, "timer 2: 3600s"]);
    assert_eq!(case.fire(2), ["cancel child 1:", "timer 3: 1s"]);
    case.after(child_failed(1, CANCELED()));
    assert_eq!(case.fire(3), ["done: true"]);
}

#[derive(Default)]
struct DropsResults;
table!(DropsResults, run: |_, ctx, _| running(async move {
    let ship = ship(&ctx, "order-1").start().await?;
    for _ in 0..100 {
        drop(race(ship.result(), ctx.sleep(secs(1))).await);
    }
    Ok(ship.result().await?)
}));

#[test]
fn a_dropped_wait_for_a_result_cancels_nothing() {
    let (mut case, _) = Case::started::<DropsResults>();
    let mut asked = case.after(child_started(1));
    for seq in 2..102 {
        assert_eq!(asked, [format!("timer {seq}: 1s")]);
        asked = case.fire(seq);
    }
    assert_eq!(asked, [""; 0]);
    assert_eq!(
        case.after(child_completed(1, "there")),
        [r#"done: "there""#]
    );
}

#[derive(Default)]
struct Joins;
table!(Joins, run: |_, ctx, _| running(async move {
    let ships = join_all((0..3).map(|n| ship(&ctx, &n.to_string()))).await;
    let ships: Result<Vec<String>, ChildError> = ships.into_iter().collect();
    Ok(ships?)
}));

#[test]
fn children_are_joined_in_any_order() {
    let (mut case, asked) = Case::started::<Joins>();
    assert_eq!(
        asked,
        [
            r#"child 1: Ship("0")"#,
            r#"child 2: Ship("1")"#,
            r#"child 3: Ship("2")"#
        ]
    );
    for seq in [3, 1] {
        case.handle(child_started(seq));
        assert_eq!(case.after(child_completed(seq, seq.to_string())), [""; 0]);
    }
    assert_eq!(
        case.after(child_completed(2, "2")),
        [r#"done: ["1","2","3"]"#]
    );
}

#[test]
fn a_cancelled_run_cancels_its_child_with_its_reason_and_ends_as_cancelled() {
    let (mut case, _) = Case::started::<Calls>();
    case.after(child_started(1));
    assert_eq!(case.cancel(), ["cancel child 1: enough"]);
    assert_eq!(case.settle(), [""; 0], "asked once");
    assert_eq!(case.after(child_failed(1, CANCELED())), ["cancelled"]);
}

#[test]
fn cancelled_before_the_first_poll_a_call_asks_for_nothing() {
    let mut case = Case::begun::<Calls>();
    assert_eq!(case.cancel(), ["cancelled"]);
}

#[test]
fn a_child_that_was_cancelled_by_others_fails_the_run() {
    let (mut case, _) = Case::started::<Calls>();
    case.after(child_started(1));
    assert_eq!(
        case.after(child_failed(1, CANCELED())),
        ["failed: child failed"]
    );
}

#[derive(Default)]
struct Scoped;
table!(Scoped, run: |_, ctx, _| running(async move {
    let (scope, inner) = ctx.scope();
    let ship_ = ship(&inner, "order-1").start().await?;
    let shielded = ship(&inner, "order-2").shielded().start().await?;
    scope.cancel();
    let error = ship_.result().await.unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    let refused = ship_.signal("hold", ()).await.unwrap_err();
    assert!(refused.is_cancelled(), "{refused}");
    let third = ship(&inner, "order-3").await.unwrap_err();
    assert!(third.is_cancelled() && third.workflow_id.is_empty(), "{third}");
    assert_eq!(third.to_string(), "child workflow `Ship` was cancelled");
    Ok(shielded.result().await?)
}));

#[test]
fn a_scope_cancels_its_children_and_a_shielded_one_goes_on() {
    let (mut case, _) = Case::started::<Scoped>();
    assert_eq!(
        case.after(child_started(1)),
        [r#"child 2: Ship("order-2")"#]
    );
    assert_eq!(case.after(child_started(2)), ["cancel child 1:"]);
    assert_eq!(case.after(child_failed(1, CANCELED())), [""; 0]);
    assert_eq!(
        case.after(child_completed(2, "there")),
        [r#"done: "there""#]
    );
}

#[derive(Default)]
struct Cancels;
table!(Cancels, run: |_, ctx, _| running(async move {
    let ship = ship(&ctx, "order-1").start().await?;
    ship.cancel_with_reason("sold out");
    ship.cancel();
    match ship.result().await {
        Err(error) if error.is_cancelled() => Ok(true),
        other => Ok(other? == "never"),
    }
}));

#[test]
fn a_handle_cancels_once_with_a_reason() {
    let (mut case, _) = Case::started::<Cancels>();
    assert_eq!(case.after(child_started(1)), ["cancel child 1: sold out"]);
    assert_eq!(case.after(child_failed(1, CANCELED())), ["done: true"]);
}

/// The error of a child that ends so.
fn error_of(cause: FailureInfo) -> FailureRecord {
    let (mut case, _) = Case::started::<Calls>();
    let mut intents = Vec::new();
    case.run
        .handle(child_failed(1, cause), &mut intents)
        .unwrap();
    case.run.handle(Job::Settle, &mut intents).unwrap();
    match intents.pop().map(|it| it.intent) {
        Some(Intent::EndRun(EndRun::Fail(failure))) => *failure,
        other => panic!("the run fails, not {other:?}"),
    }
}

#[test]
fn the_error_of_a_child_fails_the_run_with_the_chain_of_causes() {
    let failure = error_of(app("Sunk"));
    assert!(
        matches!(&failure.info, FailureInfo::ChildWorkflow { workflow_type, .. } if workflow_type == "Ship")
    );
    let error = ChildError::from_record(failure, &crate::data::Converter::JSON);
    assert_eq!(
        error.to_string(),
        "child workflow `Ship` with id `ship-1` failed: Sunk: the ship sank"
    );
    assert_eq!(error.app().map(|app| &*app.kind), Some("Sunk"));
    assert!(!error.is_already_started());

    let error = error_of(app(&ChildStartFault::AlreadyStarted.kind()));
    let error = ChildError::from_record(error, &crate::data::Converter::JSON);
    assert!(error.is_already_started());
    assert_eq!(
        error.to_string(),
        "child workflow `Ship` with id `ship-1` could not be started: \
         a workflow with this id runs already, or the id may not be used again"
    );
    let error = ChildError::from_record(
        error_of(FailureInfo::Terminated),
        &crate::data::Converter::JSON,
    );
    assert!(matches!(error.cause, Failure::Terminated), "{error}");
}

#[derive(Default)]
struct Signals;
table!(Signals, run: |_, ctx, _| running(async move {
    let ship = ctx.external("ship-7").run_id("run-7");
    assert_eq!(ship.id(), "ship-7");
    ship.signal("hold", ("customs", 3)).await?;
    ship.cancel().reason("sold out").await?;
    Ok(())
}));

#[test]
fn other_workflows_are_signalled_and_cancelled() {
    let (mut case, asked) = Case::started::<Signals>();
    assert_eq!(asked, [r#"signal 1 to ship-7: hold("customs", 3)"#]);
    assert_eq!(
        case.after(delivered(1, ExternalOutcome::Delivered)),
        ["cancel 2 of ship-7: sold out"]
    );
    assert_eq!(
        case.after(delivered(2, ExternalOutcome::Delivered)),
        ["done: null"]
    );
}

#[test]
fn a_signal_that_reaches_nobody_fails_the_run_with_a_kind() {
    let (mut case, _) = Case::started::<Signals>();
    let mut intents = Vec::new();
    let fault = ExternalOutcome::Failed(ExternalFault::NotFound);
    case.run.handle(delivered(1, fault), &mut intents).unwrap();
    case.run.handle(Job::Settle, &mut intents).unwrap();
    let Some(Intent::EndRun(EndRun::Fail(failure))) = intents.pop().map(|it| it.intent) else {
        panic!("the run fails");
    };
    assert_eq!(
        failure.message,
        "signal `hold` was not sent to workflow `ship-7`: no such workflow is running"
    );
    assert!(
        matches!(&failure.info, FailureInfo::Application { kind, .. } if kind == "ExternalWorkflowExecutionNotFound")
    );
}

#[test]
fn a_signal_is_cancelled_with_the_run_only_before_it_is_sent() {
    let mut case = Case::begun::<Signals>();
    assert_eq!(case.cancel(), ["cancelled"], "nothing is sent any more");

    let (mut case, _) = Case::started::<Signals>();
    assert_eq!(case.cancel(), ["withdraw 1"]);
    assert_eq!(case.settle(), [""; 0], "asked once");
    // It was sent, so it is delivered; the request to cancel is not sent.
    assert_eq!(
        case.after(delivered(1, ExternalOutcome::Delivered)),
        ["cancelled"]
    );
}

#[test]
fn the_errors_of_other_workflows_are_told_apart() {
    let error = |signal: Option<&str>, outcome| {
        ExternalError::new("ship-7".into(), signal.map(str::to_owned), outcome)
    };
    let missing = error(None, ExternalOutcome::Failed(ExternalFault::NotFound));
    assert!(missing.is_not_found() && !missing.is_cancelled());
    assert_eq!(
        missing.to_string(),
        "cancellation of workflow `ship-7` was not requested: no such workflow is running"
    );
    let full = error(
        Some("hold"),
        ExternalOutcome::Failed(ExternalFault::SignalLimit),
    );
    assert!(!full.is_not_found());
    assert_eq!(full.fault(), Some(ExternalFault::SignalLimit));
    let cancelled = error(Some("hold"), ExternalOutcome::Cancelled);
    assert!(cancelled.is_cancelled());
    let cancelled = Error::from(cancelled);
    assert!(cancelled.is_cancelled());
    assert!(matches!(
        cancelled.to_record(&crate::data::Converter::JSON).info,
        FailureInfo::Canceled { .. }
    ));
}

#[derive(Default)]
struct Compensates;
table!(Compensates, run: |_, ctx, _| running(async move {
    let mut saga = Saga::new();
    saga.undo(greet(&ctx, "undo 1"));
    saga.undo(ship(&ctx, "back"));
    saga.undo(ctx.external("ship-7").signal("return", ()));
    let slept = ctx.sleep(secs(9)).await;
    let errors = saga.compensate().await;
    let children = errors.iter().filter(|error| error.child().is_some()).count();
    assert_eq!((errors.len(), children), (1, 1));
    Ok(slept?)
}));

#[test]
fn a_saga_undoes_by_children_and_signals_too() {
    let (mut case, _) = Case::started::<Compensates>();
    assert_eq!(
        case.cancel(),
        ["cancel timer 1", "signal 2 to ship-7: return()"]
    );
    assert_eq!(
        case.after(delivered(2, ExternalOutcome::Delivered)),
        [r#"child 3: Ship("back")"#]
    );
    assert_eq!(
        case.after(child_failed(3, app("Sunk"))),
        [r#"activity 4: greet("undo 1")"#]
    );
    assert_eq!(case.complete(4, "ok"), ["cancelled"]);
}

#[derive(Default)]
struct Waits;
table!(Waits, run: |_, ctx, _| running(async move {
    let ship = ship(&ctx, "order-1").start().await?;
    Ok(ship.result().await?)
}));

#[test]
fn the_stack_trace_names_the_child_that_is_waited_for() {
    let (mut case, _) = Case::started::<Waits>();
    let trace = case.query("__stack_trace", ()).expect("it is answered");
    assert!(trace.contains("child workflow `Ship`"), "{trace}");
    case.after(child_started(1));
    let trace = case.query("__stack_trace", ()).expect("it is answered");
    assert!(trace.contains("child workflow `Ship`"), "{trace}");
}
