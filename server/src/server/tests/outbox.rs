//! What workflows do for each other, on stores that hold commits back, fail, and survive a restart.

use durably_proto::api::command::v1::{
    CompleteWorkflowExecutionCommandAttributes,
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
};
use durably_proto::api::enums::v1::ParentClosePolicy;
use tokio::task::JoinHandle;

use super::*;

#[tokio::test]
async fn a_crash_at_any_commit_neither_loses_nor_repeats_a_message() {
    for commits in 0..10 {
        let case = Case::new().await;
        case.start("other").await.unwrap();
        case.work("other", vec![]).await;
        case.start("parent").await.unwrap();
        let task = case.task().await.unwrap();
        let commands = || {
            vec![
                start_child("child", ParentClosePolicy::Terminate),
                signal_external("other"),
                cancel_external("other"),
            ]
        };
        let case = case.crash_after(commits, &task, commands()).await;
        let initiated = EventType::StartChildWorkflowExecutionInitiated;
        if !case.events("parent").await.contains(&initiated) {
            case.complete(&task, commands()).await.unwrap();
        }
        let answers = [
            EventType::ChildWorkflowExecutionStarted,
            EventType::ExternalWorkflowExecutionSignaled,
            EventType::ExternalWorkflowExecutionCancelRequested,
        ];
        for answer in answers {
            case.until_event("parent", answer).await;
        }
        case.until_event("child", EventType::WorkflowTaskScheduled)
            .await;
        case.until_delivered("parent").await;
        for answer in answers {
            assert_eq!(case.count("parent", answer).await, 1, "after {commits}");
        }
        let signaled = EventType::WorkflowExecutionSignaled;
        assert_eq!(case.count("other", signaled).await, 1, "after {commits}");
        let canceled = EventType::WorkflowExecutionCancelRequested;
        assert_eq!(case.count("other", canceled).await, 1, "after {commits}");
    }
}

#[tokio::test]
async fn a_crash_at_any_commit_of_a_childs_end_reports_it_once() {
    for commits in 0..4 {
        let case = Case::new().await;
        let task = case.started_child(ParentClosePolicy::Terminate).await;
        let case = case.crash_after(commits, &task, vec![complete()]).await;
        let completed = EventType::WorkflowExecutionCompleted;
        if !case.events("child").await.contains(&completed) {
            case.complete(&task, vec![complete()]).await.unwrap();
        }
        let ended = EventType::ChildWorkflowExecutionCompleted;
        case.until_event("parent", ended).await;
        case.until_delivered("child").await;
        assert_eq!(case.count("parent", ended).await, 1, "after {commits}");
    }
}

#[tokio::test]
async fn a_crash_at_any_commit_of_a_parents_close_ends_its_child_once() {
    for commits in 0..4 {
        let case = Case::new().await;
        let child = case.started_child(ParentClosePolicy::RequestCancel).await;
        case.complete(&child, vec![]).await.unwrap();
        let task = case.task().await.unwrap();
        let case = case.crash_after(commits, &task, vec![complete()]).await;
        let completed = EventType::WorkflowExecutionCompleted;
        if !case.events("parent").await.contains(&completed) {
            case.complete(&task, vec![complete()]).await.unwrap();
        }
        let canceled = EventType::WorkflowExecutionCancelRequested;
        case.until_event("child", canceled).await;
        case.until_delivered("parent").await;
        assert_eq!(case.count("child", canceled).await, 1, "after {commits}");
    }
}

#[tokio::test]
async fn a_closed_workflow_stays_until_its_messages_are_delivered() {
    let case = Case::new().await;
    case.started_child(ParentClosePolicy::Terminate).await;
    let task = case.task().await.unwrap();
    case.store.set(Mode::Held);
    let completing = case.completing(&task, vec![complete()]);
    idle().await;
    case.store.flush(1);
    completing.await.unwrap().unwrap();
    idle().await;
    // The termination of the child is on its way to the store.
    assert_eq!(case.store.held(), 1);
    case.forget();
    let backend = &case.server.backend;
    let end = backend.clock.now() + Duration::from_secs(1);
    assert_eq!(backend.store.remove_closed(NAMESPACE, end, 9), Ok(0));
    case.store.release();
    case.until_event("child", EventType::WorkflowExecutionTerminated)
        .await;
    case.until_delivered("parent").await;
    let end = backend.clock.now() + Duration::from_secs(1);
    assert_eq!(backend.store.remove_closed(NAMESPACE, end, 9), Ok(2));
}

#[tokio::test]
async fn what_is_not_delivered_is_delivered_by_the_next_server() {
    let case = Case::new().await;
    case.started_child(ParentClosePolicy::Terminate).await;
    let task = case.task().await.unwrap();
    case.store.set(Mode::Held);
    let completing = case.completing(&task, vec![complete()]);
    idle().await;
    case.store.flush(1);
    completing.await.unwrap().unwrap();
    let case = case.restart().await;
    case.until_event("child", EventType::WorkflowExecutionTerminated)
        .await;
    let case = case.restart().await;
    let terminated = EventType::WorkflowExecutionTerminated;
    assert_eq!(case.count("child", terminated).await, 1);
}

#[tokio::test]
async fn workflows_that_send_to_each_other_do_not_wait_for_each_other() {
    let case = Case::new().await;
    case.start("a").await.unwrap();
    case.start("b").await.unwrap();
    let (a, b) = (case.task().await.unwrap(), case.task().await.unwrap());
    case.store.set(Mode::Held);
    let a = case.completing(&a, vec![signal_external("b"), signal_external("a")]);
    let b = case.completing(&b, vec![signal_external("a"), signal_external("b")]);
    idle().await;
    case.store.release();
    a.await.unwrap().unwrap();
    b.await.unwrap().unwrap();
    for id in ["a", "b"] {
        case.until_event(id, EventType::WorkflowExecutionSignaled)
            .await;
        case.until_event(id, EventType::ExternalWorkflowExecutionSignaled)
            .await;
        // A workflow does not signal itself.
        case.until_event(id, EventType::SignalExternalWorkflowExecutionFailed)
            .await;
    }
}

#[tokio::test]
async fn signals_to_one_workflow_arrive_in_their_order() {
    let case = Case::new().await;
    case.start("other").await.unwrap();
    case.work("other", vec![]).await;
    case.start("sender").await.unwrap();
    let signals: Vec<_> = (0..50).map(|number| format!("s{number}")).collect();
    let commands = signals.iter().map(|name| signal_named("other", name));
    case.work("sender", commands.collect()).await;
    case.until_delivered("sender").await;
    assert_eq!(case.signals("other").await, signals);
}

#[tokio::test]
async fn a_delivery_is_repeated_until_the_store_works() {
    let case = Case::new().await;
    case.start("other").await.unwrap();
    case.work("other", vec![]).await;
    case.start("sender").await.unwrap();
    let task = case.task().await.unwrap();
    case.store.set(Mode::Held);
    let completing = case.completing(&task, vec![signal_external("other")]);
    idle().await;
    case.store.flush(1);
    completing.await.unwrap().unwrap();
    idle().await;
    // The signal's own commit, and then those of its next attempts.
    case.store.fail_first();
    case.store.set(Mode::Refused);
    tokio::time::sleep(Duration::from_millis(150)).await;
    case.store.set(Mode::Done);
    case.until_event("sender", EventType::ExternalWorkflowExecutionSignaled)
        .await;
    let signaled = EventType::WorkflowExecutionSignaled;
    assert_eq!(case.count("other", signaled).await, 1);
}

impl Case {
    /// Completes a task, and crashes the server when so many commits are durable.
    async fn crash_after(
        self,
        commits: usize,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> Self {
        self.store.set(Mode::Held);
        let completing = self.completing(task, commands);
        for _ in 0..commits {
            idle().await;
            self.store.flush(1);
        }
        idle().await;
        completing.abort();
        self.restart().await
    }

    fn completing(
        &self,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> JoinHandle<Result<Response<RespondWorkflowTaskCompletedResponse>, Status>> {
        let service = Arc::clone(&self.service);
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token.clone(),
            commands,
            ..Default::default()
        };
        tokio::spawn(async move {
            let request = Request::new(request);
            service.respond_workflow_task_completed(request).await
        })
    }

    /// Takes the next task, which must be of this workflow, and completes it.
    async fn work(&self, id: &str, commands: Vec<Command>) {
        let task = self.task().await.unwrap();
        assert_eq!(task.workflow_execution.as_ref().unwrap().workflow_id, id);
        self.complete(&task, commands).await.unwrap();
    }

    /// Starts `parent` and its `child`; returns the child's first task. The next one that is offered
    /// is the parent's.
    async fn started_child(&self, policy: ParentClosePolicy) -> PollWorkflowTaskQueueResponse {
        self.start("parent").await.unwrap();
        self.work("parent", vec![start_child("child", policy)])
            .await;
        self.work("parent", vec![]).await;
        let task = self.task().await.unwrap();
        assert_eq!(
            task.workflow_execution.as_ref().unwrap().workflow_id,
            "child"
        );
        self.until_delivered("parent").await;
        self.signal("parent", "go").await.unwrap();
        task
    }

    async fn count(&self, id: &str, event: EventType) -> usize {
        let events = self.events(id).await;
        events.iter().filter(|it| **it == event).count()
    }

    /// Waits until a workflow has no messages to others.
    async fn until_delivered(&self, id: &str) {
        let backend = &self.server.backend;
        let namespace = backend.namespaces.find(NAMESPACE).unwrap();
        loop {
            let execution = backend.executions.find(&namespace, id).unwrap().unwrap();
            let has_outgoing = {
                let mut runs = execution.lock();
                let latest = runs
                    .latest()
                    .map(|it| it.is_some_and(|it| it.run.has_outgoing()));
                // A failure of the store is over soon.
                latest.unwrap_or(true)
            };
            execution.confirmed().await.unwrap();
            if !has_outgoing {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The names of the signals that a workflow has received.
    async fn signals(&self, id: &str) -> Vec<String> {
        use durably_proto::api::history::v1::history_event::Attributes;
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: named(id),
            ..Default::default()
        };
        let request = Request::new(request);
        let page = self.service.get_workflow_execution_history(request).await;
        let events = page.unwrap().into_inner().history.unwrap().events;
        let names = events
            .into_iter()
            .filter_map(|event| match event.attributes {
                Some(Attributes::WorkflowExecutionSignaledEventAttributes(a)) => {
                    Some(a.signal_name)
                }
                _ => None,
            });
        names.collect()
    }
}

/// Lets the server do all that it can do without the store.
async fn idle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

fn start_child(id: &str, policy: ParentClosePolicy) -> Command {
    let child = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Greeting".to_owned(),
        }),
        parent_close_policy: policy.into(),
        ..Default::default()
    };
    command(
        CommandType::StartChildWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(child),
    )
}

fn signal_external(id: &str) -> Command {
    signal_named(id, "go")
}

fn signal_named(id: &str, name: &str) -> Command {
    let signal = SignalExternalWorkflowExecutionCommandAttributes {
        execution: named(id),
        signal_name: name.to_owned(),
        ..Default::default()
    };
    command(
        CommandType::SignalExternalWorkflowExecution,
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(signal),
    )
}

fn cancel_external(id: &str) -> Command {
    let cancel = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        ..Default::default()
    };
    command(
        CommandType::RequestCancelExternalWorkflowExecution,
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(cancel),
    )
}

fn complete() -> Command {
    command(
        CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(
            CompleteWorkflowExecutionCommandAttributes::default(),
        ),
    )
}

fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command {
        command_type: kind.into(),
        attributes: Some(attributes),
        ..Default::default()
    }
}
