//! Workflow tasks: from a poll to the answer.

use durably_proto::api::{
    command::v1::command::Attributes,
    enums::v1::{CommandType, QueryResultType, WorkflowTaskFailedCause},
    failure::v1::Failure,
    workflowservice::v1::{
        PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest,
        RespondWorkflowTaskCompletedResponse,
    },
};
use tonic::Status;

use super::{
    past::{Past, attempt, json},
    server::{Call, Server},
};
use crate::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

/// Greets somebody, then keeps what was said.
#[derive(Default)]
struct Greeting {
    said: String,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        self.said = greet::call(ctx, "Bob").await?;
        Ok(self.said.clone())
    }

    #[query]
    fn said(&self) -> String {
        self.said.clone()
    }
}

/// Ends with the third signal.
#[derive(Default)]
struct Counting {
    count: u32,
}

#[workflow]
impl Counting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.count == 3).await?;
        Ok(self.count)
    }

    #[signal]
    fn count(&mut self) {
        self.count += 1;
    }
}

/// Panics.
#[derive(Default)]
struct Broken;

#[workflow]
impl Broken {
    #[run]
    async fn run(&mut self) {
        panic!("no such luck");
    }
}

/// Waits by the clock of the machine, where the macro does not see it.
#[derive(Default)]
struct Strayed;

#[workflow]
impl Strayed {
    #[run]
    async fn run(&mut self) -> Result<()> {
        pause().await;
        Ok(())
    }
}

async fn pause() {
    tokio::time::sleep(millis(1)).await;
}

/// Blocks its thread after a timer.
#[derive(Default)]
struct Blocking;

#[workflow]
impl Blocking {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let timer = ctx.sleep(secs(1));
        let _ = race(timer, std::future::ready(())).await;
        #[allow_nondeterminism(reason = "the test needs a run that blocks")]
        std::thread::sleep(millis(600));
        Ok(())
    }
}

fn kinds(task: &RespondWorkflowTaskCompletedRequest) -> Vec<CommandType> {
    task.commands.iter().map(|it| it.command_type()).collect()
}

fn text(failure: Option<Failure>) -> String {
    failure.unwrap().message
}

fn fresh() -> Past {
    Past::begin("Greeting", "run")
}

fn greeted() -> Past {
    fresh().answered().activity("1", "greet", "\"Hi\"").task()
}

#[tokio::test]
async fn a_run_goes_on_from_the_cache() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;

    server.normal.send(Ok(fresh().whole()))?;
    let first = server.completed().await;
    assert_eq!(first.task_token, b"run/3");
    assert_eq!(first.identity, "me");
    assert!(first.return_new_workflow_task);
    assert_eq!(kinds(&first), [CommandType::ScheduleActivityTask]);
    let sticky = first.sticky_attributes.unwrap();
    let queue = sticky.worker_task_queue.unwrap();
    assert_eq!(queue.normal_name, "queue");
    assert_eq!(sticky.schedule_to_start_timeout.unwrap().seconds, 10);

    server.sticky.send(Ok(greeted().tail()))?;
    let second = server.completed().await;
    assert_eq!(kinds(&second), [CommandType::CompleteWorkflowExecution]);
    assert!(second.sticky_attributes.is_none());
    worker.shutdown().await
}

#[tokio::test]
async fn a_run_that_is_not_cached_is_replayed_from_fetched_history() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    let past = greeted();
    server.page(past.events[..2].to_vec(), "more");
    // The last task is not in history yet, as with a task that only carries an update.
    server.page(past.events[2..7].to_vec(), "");

    server.sticky.send(Ok(past.tail()))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    assert!(matches!(server.next_call().await, Call::GetHistory));
    let answer = server.completed().await;
    assert_eq!(answer.task_token, past.tail().task_token);
    assert_eq!(kinds(&answer), [CommandType::CompleteWorkflowExecution]);
    worker.shutdown().await
}

#[tokio::test]
async fn the_pages_a_task_came_without_are_fetched() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    let past = greeted();
    server.page(past.events[4..].to_vec(), "");
    let mut task = past.whole();
    task.history.as_mut().unwrap().events.truncate(4);
    task.next_page_token = b"more".to_vec();

    server.normal.send(Ok(task))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    let answer = server.completed().await;
    assert_eq!(kinds(&answer), [CommandType::CompleteWorkflowExecution]);
    worker.shutdown().await
}

#[tokio::test]
async fn a_query_is_answered_from_history_alone() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    let ended = greeted().answered().ended("\"Hi\"");
    server.normal.send(Ok(ended.query("said")))?;
    let answer = server.answered().await;
    assert_eq!(answer.completed_type(), QueryResultType::Answered);
    assert_eq!(answer.query_result, json("\"Hi\""));

    server.normal.send(Ok(ended.query("nothing")))?;
    let answer = server.answered().await;
    assert_eq!(answer.completed_type(), QueryResultType::Failed);
    assert!(
        answer.error_message.contains("said"),
        "{}",
        answer.error_message
    );
    worker.shutdown().await
}

#[tokio::test]
async fn a_panic_fails_the_task_with_its_place() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Broken>().spawn().await?;
    server
        .normal
        .send(Ok(Past::begin("Broken", "run").whole()))?;
    let failed = server.failed().await;
    let cause = WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure;
    assert_eq!(failed.cause(), cause);
    let text = text(failed.failure);
    assert!(
        text.contains("no such luck") && text.contains("runs.rs"),
        "{text}"
    );
    worker.shutdown().await
}

#[tokio::test]
async fn tokio_in_workflow_code_is_told_what_to_use_instead() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Strayed>().spawn().await?;
    server
        .normal
        .send(Ok(Past::begin("Strayed", "run").whole()))?;
    let text = text(server.failed().await.failure);
    assert!(text.contains("`ctx.sleep(..)`"), "{text}");
    worker.shutdown().await
}

#[tokio::test]
async fn a_mismatch_fails_the_task_as_nondeterminism() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    let other = fresh().answered().activity("1", "charge", "1").task();
    server.normal.send(Ok(other.whole()))?;
    let failed = server.failed().await;
    assert_eq!(
        failed.cause(),
        WorkflowTaskFailedCause::NonDeterministicError
    );
    let text = text(failed.failure);
    assert!(text.contains("charge") && text.contains("greet"), "{text}");

    server.normal.send(Ok(greeted().whole()))?;
    let answer = server.completed().await;
    assert_eq!(kinds(&answer), [CommandType::CompleteWorkflowExecution]);
    worker.shutdown().await
}

#[tokio::test]
async fn an_unknown_type_fails_the_task_and_lists_the_known_ones() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    server
        .normal
        .send(Ok(Past::begin("Farewell", "run").whole()))?;
    let text = text(server.failed().await.failure);
    assert!(
        text.contains("`Farewell`") && text.contains("`Greeting`"),
        "{text}"
    );

    server
        .normal
        .send(Ok(Past::begin("Farewell", "run").query("said")))?;
    let answer = server.answered().await;
    assert!(answer.error_message.contains("`Farewell`"));
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_that_cannot_be_read_fails() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    let mut task = fresh().whole();
    task.workflow_type = None;
    server.normal.send(Ok(task))?;
    let text = text(server.failed().await.failure);
    assert!(text.contains("workflow_type"), "{text}");
    worker.shutdown().await
}

#[tokio::test]
async fn an_activity_starts_here_at_once_and_the_next_task_needs_no_poll() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Greeting>()
        .activity::<greet>()
        .spawn()
        .await?;
    let eager = RespondWorkflowTaskCompletedResponse {
        workflow_task: Some(greeted().tail()),
        activity_tasks: vec![attempt("greet", json("\"Ann\""))],
        ..Default::default()
    };
    server.script().completions.push_back(Ok(eager));

    server.normal.send(Ok(fresh().whole()))?;
    let first = server.completed().await;
    let Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) =
        &first.commands[0].attributes
    else {
        panic!("expected an activity, found {first:?}");
    };
    assert!(activity.request_eager_execution);
    let mut answers = [false; 2];
    for _ in 0..2 {
        match server.next_call().await {
            Call::ActivityCompleted(it) => {
                assert_eq!(it.result, json("\"Hello, Ann!\""));
                answers[0] = true;
            }
            Call::Completed(it) => {
                assert_eq!(kinds(&it), [CommandType::CompleteWorkflowExecution]);
                answers[1] = true;
            }
            other => panic!("did not expect {other:?}"),
        }
    }
    assert_eq!(answers, [true; 2]);
    worker.shutdown().await
}

#[tokio::test]
async fn no_activity_starts_at_once_if_the_worker_allows_none() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Greeting>()
        .activity::<greet>()
        .max_eager_activities(0)
        .spawn()
        .await?;
    server.normal.send(Ok(fresh().whole()))?;
    let first = server.completed().await;
    let Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) =
        &first.commands[0].attributes
    else {
        panic!("expected an activity, found {first:?}");
    };
    assert!(!activity.request_eager_execution);
    worker.shutdown().await
}

#[tokio::test]
async fn an_activity_of_another_worker_is_not_asked_for() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    server.normal.send(Ok(fresh().whole()))?;
    let first = server.completed().await;
    let Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) =
        &first.commands[0].attributes
    else {
        panic!("expected an activity, found {first:?}");
    };
    assert!(!activity.request_eager_execution);
    worker.shutdown().await
}

#[tokio::test]
async fn a_run_whose_answer_was_refused_is_replayed() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    let refusal = Err(Status::invalid_argument("bad command"));
    server.script().completions.push_back(refusal);
    server.normal.send(Ok(fresh().whole()))?;
    server.completed().await;

    let past = greeted();
    server.page(past.events.clone(), "");
    server.sticky.send(Ok(past.tail()))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    server.completed().await;
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_that_arrives_after_a_later_one_is_left_and_the_run_stays_cached() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Counting>().spawn().await?;
    let begun = Past::begin("Counting", "run");
    server.normal.send(Ok(begun.whole()))?;
    server.completed().await;

    let early = begun.answered().signal("count").task();
    let late = early.clone().given_up().signal("count").task();
    server.sticky.send(Ok(late.tail()))?;
    assert_eq!(server.completed().await.task_token, late.tail().task_token);
    server.sticky.send(Ok(early.tail()))?;
    // The next thing the server hears is the answer to the task after both: no failure of the early
    // one, and no request for the history of a run that is cached.
    let last = late.answered().signal("count").task();
    server.sticky.send(Ok(last.tail()))?;
    let answer = server.completed().await;
    assert_eq!(answer.task_token, last.tail().task_token);
    assert_eq!(kinds(&answer), [CommandType::CompleteWorkflowExecution]);
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_that_is_handed_out_again_after_a_later_one_is_replayed() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Counting>().spawn().await?;
    let begun = Past::begin("Counting", "run");
    server.normal.send(Ok(begun.whole()))?;
    server.completed().await;
    let early = begun.answered().signal("count").task();
    let late = early.clone().given_up().signal("count").task();
    server.sticky.send(Ok(late.tail()))?;
    server.completed().await;

    // The server has lost the end of the history, and offers the task until it is answered.
    server.sticky.send(Ok(early.tail()))?;
    server.page(early.events.clone(), "");
    server.sticky.send(Ok(early.tail()))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    let answer = server.completed().await;
    assert_eq!(answer.task_token, early.tail().task_token);
    worker.shutdown().await
}

#[tokio::test]
async fn an_answer_that_is_too_large_fails_the_task() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    let refusal = Err(Status::resource_exhausted(
        "message larger than max (9 vs. 4)",
    ));
    server.script().completions.push_back(refusal);
    server.normal.send(Ok(fresh().whole()))?;
    server.completed().await;
    let failed = server.failed().await;
    assert_eq!(failed.cause(), WorkflowTaskFailedCause::GrpcMessageTooLarge);
    worker.shutdown().await
}

#[tokio::test]
async fn without_a_cache_no_run_is_sticky() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .max_cached_workflows(0)
        .workflow::<Greeting>()
        .spawn()
        .await?;
    server.normal.send(Ok(fresh().whole()))?;
    assert!(server.completed().await.sticky_attributes.is_none());
    server.normal.send(Ok(greeted().whole()))?;
    let second = server.completed().await;
    assert_eq!(kinds(&second), [CommandType::CompleteWorkflowExecution]);
    worker.shutdown().await
}

#[tokio::test]
async fn a_run_that_blocks_its_thread_is_named_and_the_others_carry_on() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .deadlock_timeout(millis(100))
        .workflow::<Blocking>()
        .workflow::<Greeting>()
        .spawn()
        .await?;
    server
        .normal
        .send(Ok(Past::begin("Blocking", "blocked").whole()))?;
    let text = text(server.failed().await.failure);
    assert!(
        text.contains("`Blocking` has blocked") && text.contains("runs.rs"),
        "{text}"
    );
    let tasks: Vec<PollWorkflowTaskQueueResponse> = (0..8)
        .map(|n| Past::begin("Greeting", &format!("run-{n}")).whole())
        .collect();
    for task in tasks {
        server.normal.send(Ok(task))?;
    }
    for _ in 0..8 {
        assert_eq!(
            kinds(&server.completed().await),
            [CommandType::ScheduleActivityTask]
        );
    }
    worker.shutdown().await
}

#[tokio::test]
async fn polls_of_the_task_queue_leave_room_for_the_workers_own_queue() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>();
    let worker = worker.max_concurrent_workflow_tasks(2).spawn().await?;
    let run = |id| Past::begin("Greeting", id).task().whole();
    server.normal.send(Ok(run("r1")))?;
    server.completed().await;
    for id in ["r2", "r3", "r4"] {
        server.sticky.send(Ok(run(id)))?;
        server.completed().await;
    }
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_whose_history_the_server_does_not_have_fails() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    for _ in 0..2 {
        server.page(Vec::new(), "");
    }
    server.sticky.send(Ok(greeted().tail()))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    let failed = server.failed().await.failure.unwrap_or_default();
    assert!(failed.message.contains("no history"), "{failed:?}");
    worker.shutdown().await
}
