//! Tasks whose history takes longer to fetch than they may take.

use std::time::Duration;

use durably_proto::api::{
    command::v1::command::Attributes as Command,
    history::v1::{HistoryEvent, history_event::Attributes},
    sdk::v1::WorkflowTaskCompletedMetadata,
    workflowservice::v1::{PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest},
};
use tokio::sync::oneshot;
use tonic::Status;

use super::{
    past::{Past, json},
    server::{Call, Server},
    suspended::returns,
};
use crate::prelude::*;

/// Returns the number of its signals, when there are two.
#[derive(Default)]
struct Counting {
    signals: u32,
}

#[workflow]
impl Counting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.signals >= 2).await?;
        Ok(self.signals)
    }

    #[signal]
    fn poke(&mut self) {
        self.signals += 1;
    }
}

/// A run whose second task has a second.
fn hurried(run_id: &str) -> Past {
    let past = Past::begin("Counting", run_id).answered();
    let past = past.signal("poke").task();
    past.task_timeout(Duration::from_secs(1))
}

/// What the heartbeat of a task says that user code has not seen.
fn unseen() -> Option<WorkflowTaskCompletedMetadata> {
    Some(WorkflowTaskCompletedMetadata {
        lang_used_flags: vec![2],
        ..Default::default()
    })
}

/// The next task, after a heartbeat. It has a minute.
fn after_heartbeat(past: &Past) -> Past {
    let mut past = past.clone().answered();
    if let Some(Attributes::WorkflowTaskCompletedEventAttributes(completed)) =
        past.events.last_mut().and_then(|it| it.attributes.as_mut())
    {
        completed.sdk_metadata = unseen();
    }
    let past = past.signal("poke").task();
    past.task_timeout(Duration::from_secs(60))
}

/// The task with the first events of its history; the others are to be fetched.
fn first_page(past: &Past, length: usize) -> (PollWorkflowTaskQueueResponse, Vec<HistoryEvent>) {
    let mut task = past.whole();
    let history = task.history.as_mut().expect("it has a history");
    let rest = history.events.split_off(length);
    task.next_page_token = b"more".to_vec();
    (task, rest)
}

fn hold_page(server: &Server) -> oneshot::Sender<()> {
    let (release, held) = oneshot::channel();
    server.script().hold_page = Some(held);
    release
}

/// The heartbeat of a task whose history has not come yet.
#[track_caller]
fn assert_prolongs(heartbeat: &RespondWorkflowTaskCompletedRequest, past: &Past) {
    assert_eq!(heartbeat.task_token, past.whole().task_token);
    assert!(heartbeat.force_create_new_workflow_task && heartbeat.return_new_workflow_task);
    assert!(heartbeat.sticky_attributes.is_some());
    assert!(heartbeat.commands.is_empty());
    assert_eq!(heartbeat.sdk_metadata, unseen());
}

/// The run counted both signals, and its end is reported with the token of the last task.
#[track_caller]
fn assert_ends(completed: &RespondWorkflowTaskCompletedRequest, past: &Past) {
    assert_eq!(completed.task_token, past.whole().task_token);
    assert!(!completed.force_create_new_workflow_task);
    let [command] = &completed.commands[..] else {
        panic!("{completed:?}");
    };
    let Some(Command::CompleteWorkflowExecutionCommandAttributes(it)) = &command.attributes else {
        panic!("{command:?}");
    };
    assert_eq!(it.result, json("2"));
}

#[tokio::test]
async fn a_task_is_prolonged_while_pages_of_its_history_are_fetched() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Counting>().spawn().await?;
    let past = hurried("slow-pages");
    let (task, rest) = first_page(&past, 5);
    server.page(rest, "");
    let release = hold_page(&server);
    let next = after_heartbeat(&past);
    server.script().completions.extend([returns(next.tail())]);
    server.normal.send(Ok(task))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    assert_prolongs(&server.completed().await, &past);
    release.send(()).expect("the page is awaited");
    assert_ends(&server.completed().await, &next);
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_is_prolonged_while_the_history_of_its_run_is_fetched_again() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Counting>().spawn().await?;
    let past = hurried("slow-history");
    server.page(past.events[..4].to_vec(), "more");
    server.page(past.events[4..].to_vec(), "");
    let release = hold_page(&server);
    let next = after_heartbeat(&past);
    server.script().completions.extend([returns(next.tail())]);
    // The run is not cached here.
    server.sticky.send(Ok(past.tail()))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    assert_prolongs(&server.completed().await, &past);
    release.send(()).expect("the page is awaited");
    assert!(matches!(server.next_call().await, Call::GetHistory));
    assert_ends(&server.completed().await, &next);
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_that_is_lost_while_its_history_is_fetched_is_worked_on_when_it_comes_again()
-> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Counting>().spawn().await?;
    let past = hurried("lost-pages");
    let (task, _) = first_page(&past, 5);
    let _release = hold_page(&server);
    let timed_out = Err(Status::not_found("workflow task not found"));
    server.script().completions.extend([timed_out]);
    server.normal.send(Ok(task))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    assert_prolongs(&server.completed().await, &past);
    let mut again = past.whole();
    again.attempt = 2;
    again.task_token = b"second attempt".to_vec();
    server.normal.send(Ok(again))?;
    assert_eq!(server.completed().await.task_token, b"second attempt");
    worker.shutdown().await
}

#[tokio::test]
async fn a_worker_that_caches_no_runs_does_not_begin_to_fetch_anew() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().max_cached_workflows(0);
    let worker = worker.workflow::<Counting>().spawn().await?;
    let past = hurried("uncached-pages");
    let (task, rest) = first_page(&past, 5);
    server.page(rest, "");
    let release = hold_page(&server);
    server.normal.send(Ok(task))?;
    assert!(matches!(server.next_call().await, Call::GetHistory));
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    release.send(()).expect("the page is awaited");
    let completed = server.completed().await;
    assert_eq!(completed.task_token, past.whole().task_token);
    assert!(!completed.force_create_new_workflow_task);
    worker.shutdown().await
}
