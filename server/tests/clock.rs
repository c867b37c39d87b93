//! The clock of a server in the test's own process: who moves it, and how far.

use std::future::Future;
use std::time::{Duration, SystemTime};

use durably_proto::api::enums::v1::{EventType, HistoryEventFilterType};
use durably_proto::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;
use durably_server::{AdvanceError, Clock, SkipsTime};
use tonic::Request;

use crate::case::*;

const DAY: i64 = 24 * 3600;
const END_OF_2261: u64 = 9_214_646_400;
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Starts a workflow that has set a timer.
async fn sleeping(case: &Case, id: &str, timer: i64) {
    case.start(id).await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", timer)]).await;
}

/// Waits for the end of a run as a test does that awaits its result.
fn result(case: &Case, id: &str) -> impl Future<Output = String> + use<> {
    let mut request = Request::new(GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE.to_owned(),
        execution: named(id),
        wait_new_event: true,
        history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
        ..Default::default()
    });
    request.extensions_mut().insert(SkipsTime);
    let service = case.service.clone();
    async move {
        let history = ok(service.get_workflow_execution_history(request).await);
        let mut events = history.history.unwrap_or_default().events;
        short(&events.pop().expect("the wait ends with the close event"))
    }
}

#[tokio::test]
async fn the_clock_stands_while_no_result_is_awaited() {
    let case = Case::with(Clock::skipping()).await;
    let before = case.server.now();
    sleeping(&case, "w", 1).await;
    for _ in 0..3 {
        case.signal("w", "poke").await.expect("it runs");
        let task = case.task().await;
        case.complete(&task, Vec::new()).await;
    }
    assert_eq!(case.server.now(), before);
}

#[tokio::test]
async fn the_clock_stops_at_the_awaited_event() {
    let case = Case::with(Clock::skipping()).await;
    let before = case.server.now();
    sleeping(&case, "soon", DAY).await;
    sleeping(&case, "late", 10 * DAY).await;
    let worker = async {
        let task = case.task().await;
        case.complete(&task, vec![complete_workflow()]).await;
    };
    let (result, ()) = tokio::join!(result(&case, "soon"), worker);
    assert_eq!(result, "WorkflowExecutionCompleted");
    assert_eq!(case.server.now(), before + A_DAY);
    assert_eq!(case.history("late").await.len(), 5, "its timer is pending");
}

#[tokio::test]
async fn the_clock_does_not_pass_over_what_a_workflow_does_for_another() {
    let case = Case::with(Clock::skipping()).await;
    let before = case.server.now();
    case.start("parent").await;
    let worker = async {
        let task = case.task().await;
        // Its timeout would be the next alarm.
        let commands = vec![start_child("child"), start_timer("late", 10 * DAY)];
        case.complete(&task, commands).await;
        loop {
            let task = case.task().await;
            let id = task
                .workflow_execution
                .clone()
                .unwrap_or_default()
                .workflow_id;
            let events = task.history.clone().unwrap_or_default().events;
            let has = |event| events.iter().any(|it| it.event_type() == event);
            let commands = match id.as_str() {
                "child" if has(EventType::TimerFired) => vec![complete_workflow()],
                "child" => vec![start_timer("t", DAY)],
                _ if has(EventType::ChildWorkflowExecutionCompleted) => vec![complete_workflow()],
                _ => Vec::new(),
            };
            let ends = id == "parent" && !commands.is_empty();
            case.complete(&task, commands).await;
            if ends {
                break;
            }
        }
    };
    let (result, ()) = tokio::join!(result(&case, "parent"), worker);
    assert_eq!(result, "WorkflowExecutionCompleted");
    assert_eq!(case.server.now(), before + A_DAY);
}

#[tokio::test]
async fn a_cancelled_wait_stops_the_clock() {
    let case = Case::with(Clock::skipping()).await;
    sleeping(&case, "w", DAY).await;
    let waiting = tokio::spawn(result(&case, "w"));
    let task = case.task().await;
    let fired = case.server.now();
    waiting.abort();
    assert!(waiting.await.is_err());
    case.complete(&task, vec![start_timer("again", DAY)]).await;
    assert_eq!(case.server.now(), fired);
}

#[tokio::test]
async fn a_long_poll_for_events_does_not_move_the_clock() {
    let case = Case::with(Clock::skipping()).await;
    sleeping(&case, "w", DAY).await;
    let before = case.server.now();
    let mut request = Request::new(GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE.to_owned(),
        execution: named("w"),
        wait_new_event: true,
        ..Default::default()
    });
    request.extensions_mut().insert(SkipsTime);
    let first = ok(case.service.get_workflow_execution_history(request).await);
    let mut more = Request::new(GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE.to_owned(),
        execution: named("w"),
        wait_new_event: true,
        next_page_token: first.next_page_token,
        ..Default::default()
    });
    more.extensions_mut().insert(SkipsTime);
    let (events, ()) = tokio::join!(case.service.get_workflow_execution_history(more), async {
        case.signal("w", "poke").await.expect("it runs");
    });
    let events = ok(events).history.unwrap_or_default().events;
    assert_eq!(short(&events[0]), "WorkflowExecutionSignaled");
    assert_eq!(case.server.now(), before);
}

#[tokio::test]
async fn the_clock_advances_exactly_to_the_target() {
    let case = Case::with(Clock::skipping()).await;
    let before = case.server.now();
    sleeping(&case, "w", 7 * DAY).await;
    let worker = async {
        let task = case.task().await;
        case.complete(&task, vec![start_timer("second", 7 * DAY)])
            .await;
        case.task().await
    };
    let advance = case.server.advance(A_DAY * 14);
    // The timer of the second week is due at exactly the end; its task is there when the clock is.
    let (_, task) = tokio::join!(async { advance.await.expect("it skips") }, async {
        let task = worker.await;
        case.complete(&task, vec![start_timer("third", 7 * DAY)])
            .await;
    });
    let () = task;
    assert_eq!(case.server.now(), before + A_DAY * 14);
    case.server.advance(A_DAY * 6).await.expect("it skips");
    assert_eq!(case.server.now(), before + A_DAY * 20);
}

#[tokio::test]
async fn an_advance_passes_over_work_that_hangs() {
    let case = Case::with(Clock::skipping()).await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![schedule_activity("a")]).await;
    let _hangs = case.activity().await;
    // Its start-to-close timeout of a minute passes on the way.
    case.server.advance(A_DAY).await.expect("it skips");
    let described = case.describe("w").await;
    let failure = described.pending_activities[0].last_failure.clone();
    let failure = failure.expect("the attempt timed out");
    assert!(
        failure.message.contains("StartToClose"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn a_held_clock_moves_only_when_told() {
    let case = Case::with(Clock::skipping()).await;
    sleeping(&case, "w", DAY).await;
    let before = case.server.now();
    let hold = case.server.hold_clock();
    let waiting = tokio::spawn(result(&case, "w"));
    case.server.advance(A_DAY / 2).await.expect("it skips");
    assert_eq!(case.server.now(), before + A_DAY / 2);
    assert!(!waiting.is_finished());
    drop(hold);
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    assert_eq!(
        waiting.await.expect("it ends"),
        "WorkflowExecutionCompleted"
    );
    assert_eq!(case.server.now(), before + A_DAY);
}

#[tokio::test]
async fn an_impossible_advance_is_refused() {
    let machine = Case::new().await;
    let refused = machine.server.advance(A_DAY).await;
    assert_eq!(refused, Err(AdvanceError::NotSkipping));
    let case = Case::with(Clock::skipping()).await;
    let centuries = A_DAY * 365 * 300;
    let refused = case.server.advance(centuries).await;
    assert_eq!(refused, Err(AdvanceError::TooFar(centuries)));
}

#[tokio::test]
async fn the_clock_stops_skipping_at_its_last_time() {
    let case = Case::with(Clock::skipping()).await;
    sleeping(&case, "w", 30 * 365 * DAY).await;
    let waiting = tokio::spawn(result(&case, "w"));
    // As a workflow that loops over a timer, until no timer fires any more.
    let mut fired = 0;
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(END_OF_2261);
    while case.server.now() + A_DAY * 365 * 30 <= last {
        let task = case.task().await;
        fired += 1;
        case.complete(&task, vec![start_timer(&fired.to_string(), 30 * 365 * DAY)])
            .await;
    }
    let stands = case.server.now();
    case.signal("w", "end").await.expect("it runs");
    let task = case.task().await;
    assert_eq!(task.attempt, 1);
    case.complete(&task, vec![complete_workflow()]).await;
    assert_eq!(
        waiting.await.expect("it ends"),
        "WorkflowExecutionCompleted"
    );
    assert_eq!(case.server.now(), stands);
}
