//! What workflows do for each other, on stores that hold commits back, fail, and survive a restart.

use durably_history::RunId;
use durably_proto::api::command::v1::{
    CompleteWorkflowExecutionCommandAttributes, ContinueAsNewWorkflowExecutionCommandAttributes,
    RequestCancelExternalWorkflowExecutionCommandAttributes,
    SignalExternalWorkflowExecutionCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
};
use durably_proto::api::enums::v1::ParentClosePolicy;
use tokio::task::JoinHandle;

use super::*;
use crate::name::{Delivery, ExecutionName};

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

#[tokio::test]
async fn a_message_is_recorded_once_although_its_target_continues_as_new_between_two_attempts() {
    for (command, recorded, answer) in [
        (
            signal_external("other"),
            EventType::WorkflowExecutionSignaled,
            EventType::ExternalWorkflowExecutionSignaled,
        ),
        (
            cancel_external("other"),
            EventType::WorkflowExecutionCancelRequested,
            EventType::ExternalWorkflowExecutionCancelRequested,
        ),
    ] {
        let case = Case::new().await;
        let first = case.start("other").await.unwrap().run_id;
        case.work("other", vec![]).await;
        case.start("sender").await.unwrap();
        let task = case.task().await.unwrap();
        case.store.set(Mode::Held);
        let completing = case.completing(&task, vec![command]);
        idle().await;
        case.store.flush(1);
        completing.await.unwrap().unwrap();
        idle().await;
        // The target has the message, and the commit of the answer fails.
        case.store.flush(1);
        idle().await;
        case.store.set(Mode::Done);
        case.store.fail_first();
        case.work("other", vec![continue_as_new()]).await;
        case.until_event("sender", answer).await;
        assert_eq!(case.count("other", recorded).await, 0);
        let first = GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: named_run("other", &first),
            ..Default::default()
        };
        assert!(case.history(first).await.contains(&recorded));
    }
}

#[tokio::test]
async fn a_cancel_request_waits_for_the_start_of_its_target_whose_delivery_failed() {
    let case = Case::new().await;
    case.start("parent").await.unwrap();
    let task = case.task().await.unwrap();
    case.signal("parent", "cancel").await.unwrap();
    case.store.set(Mode::Held);
    let start = start_child("child", ParentClosePolicy::Terminate);
    let completing = case.completing(&task, vec![start]);
    idle().await;
    // The first attempt to start the child fails, and the next one is made after a delay.
    case.store.set(Mode::Refused);
    case.store.flush(1);
    completing.await.unwrap().unwrap();
    idle().await;
    assert_eq!(case.store.refused(), 1);
    case.store.set(Mode::Done);
    case.work("parent", vec![cancel_child("child")]).await;
    case.until_event(
        "parent",
        EventType::ExternalWorkflowExecutionCancelRequested,
    )
    .await;
    let failed = EventType::RequestCancelExternalWorkflowExecutionFailed;
    assert_eq!(case.count("parent", failed).await, 0);
    let canceled = EventType::WorkflowExecutionCancelRequested;
    assert_eq!(case.count("child", canceled).await, 1);
}

#[tokio::test]
async fn an_answer_that_fails_is_repeated_for_a_run_that_has_continued_as_new() {
    let case = Case::new().await;
    case.started_child(ParentClosePolicy::Terminate).await;
    let task = case.task().await.unwrap();
    let first = task.workflow_execution.as_ref().unwrap().run_id.clone();
    case.store.set(Mode::Held);
    let completing = case.completing(&task, vec![continue_as_new()]);
    idle().await;
    case.store.flush(1);
    completing.await.unwrap().unwrap();
    idle().await;
    // The child is terminated, and the answer fails.
    case.store.flush(1);
    idle().await;
    case.store.fail();
    case.until_run_has_delivered("parent", &first).await;
}

#[tokio::test]
async fn a_run_that_has_continued_as_new_and_cannot_be_read_at_the_start_is_recovered_later() {
    let case = Case::new().await;
    case.started_child(ParentClosePolicy::Terminate).await;
    let task = case.task().await.unwrap();
    let first = task.workflow_execution.as_ref().unwrap().run_id.clone();
    case.store.set(Mode::Held);
    let completing = case.completing(&task, vec![continue_as_new()]);
    idle().await;
    case.store.flush(1);
    completing.await.unwrap().unwrap();
    let Case {
        server,
        service,
        memory,
        store,
    } = case;
    drop(service);
    server.shutdown().await;
    drop(store);
    let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
    store.fail_reads(true);
    let case = Case::on_faulty(memory, store).await;
    case.store.fail_reads(false);
    case.until_event("child", EventType::WorkflowExecutionTerminated)
        .await;
    case.until_run_has_delivered("parent", &first).await;
}

#[tokio::test]
async fn a_panic_in_an_answer_stops_no_other_delivery() {
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
    case.store.set(Mode::Panicking);
    case.store.flush(1);
    idle().await;
    case.store.set(Mode::Done);
    let answer = EventType::ExternalWorkflowExecutionSignaled;
    case.until_event("sender", answer).await;
    let signaled = EventType::WorkflowExecutionSignaled;
    assert_eq!(case.count("other", signaled).await, 1);
    case.start("next").await.unwrap();
    while case.count("next", answer).await == 0 {
        let task = case.task().await.unwrap();
        let is_next = task.workflow_execution.as_ref().unwrap().workflow_id == "next";
        let commands = match is_next {
            true => vec![signal_external("other")],
            false => vec![],
        };
        case.complete(&task, commands).await.unwrap();
        if is_next {
            case.until_event("next", answer).await;
        }
    }
}

#[tokio::test]
async fn a_message_that_is_sent_again_while_it_is_in_delivery_is_delivered_once() {
    let case = Case::new().await;
    case.start("other").await.unwrap();
    case.work("other", vec![]).await;
    case.start("sender").await.unwrap();
    let task = case.task().await.unwrap();
    case.store.set(Mode::Held);
    let completing = case.completing(&task, vec![signal_external("other")]);
    idle().await;
    case.store.set(Mode::Refused);
    case.store.flush(1);
    completing.await.unwrap().unwrap();
    idle().await;
    let message = case.message("sender").await;
    let before = case.store.refused();
    for _ in 0..100 {
        case.server
            .backend
            .outbox
            .send(Delivery::Message(message.clone()))
            .unwrap();
    }
    idle().await;
    // Not even a store that fails again and again multiplies messages.
    assert!(case.store.refused() - before < 50);
    case.store.set(Mode::Done);
    let answer = EventType::ExternalWorkflowExecutionSignaled;
    case.until_event("sender", answer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_child_whose_id_another_workflow_has_taken_does_not_start_again() {
    let case = Case::new().await;
    case.start("parent").await.unwrap();
    let task = case.task().await.unwrap();
    case.store.set(Mode::Held);
    let start = start_child("child", ParentClosePolicy::Terminate);
    let completing = case.completing(&task, vec![start]);
    case.until_held(1).await;
    case.store.flush(1);
    completing.await.unwrap().unwrap();
    case.until_held(1).await;
    // The child starts, and neither that nor its end reaches the parent.
    let parent = case.lock("parent");
    case.store.release();
    let child = case.run_id("child").await;
    case.terminate("child").await.unwrap();
    let other = case.start("child").await.unwrap().run_id;
    assert_ne!(child, other);
    case.terminate("child").await.unwrap();
    case.store.set(Mode::Refused);
    parent.unlock();
    while case.store.refused() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    case.store.set(Mode::Done);
    let ended = EventType::ChildWorkflowExecutionTerminated;
    case.until_event("parent", ended).await;
    case.until_delivered("parent").await;
    assert_eq!(case.run_id("child").await, other);
    let started = EventType::ChildWorkflowExecutionStarted;
    assert_eq!(case.count("parent", started).await, 1);
    assert_eq!(case.count("parent", ended).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_target_that_is_slow_delays_no_sender_of_another_lane() {
    let case = Case::new().await;
    let lane = |id: &str| {
        crate::outbox::lane_of(&ExecutionName {
            namespace: NAMESPACE.into(),
            workflow_id: id.into(),
        })
    };
    let mut ids = (0..).map(|number| format!("sender{number}"));
    let first = ids.next().expect("there are many");
    let second = ids
        .find(|id| lane(id) != lane(&first))
        .expect("a few lanes");
    for id in ["slow", "other"] {
        case.start(id).await.unwrap();
        case.work(id, vec![]).await;
    }
    let slow = case.lock("slow");
    for (sender, target) in [(&first, "slow"), (&second, "other")] {
        case.start(sender).await.unwrap();
        case.work(sender, vec![signal_external(target)]).await;
    }
    let answer = EventType::ExternalWorkflowExecutionSignaled;
    case.until_event(&second, answer).await;
    assert_eq!(case.count(&first, answer).await, 0);
    slow.unlock();
    case.until_event(&first, answer).await;
}

/// A thread that has locked an execution.
struct Locked {
    unlock: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Locked {
    fn unlock(self) {
        self.unlock.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

impl Case {
    /// Locks the execution of a workflow on a thread.
    fn lock(&self, id: &str) -> Locked {
        let backend = &self.server.backend;
        let namespace = backend.namespaces.find(NAMESPACE).unwrap();
        let execution = backend.executions.find(&namespace, id).unwrap().unwrap();
        let (locked, is_locked) = std::sync::mpsc::channel();
        let (unlock, unlocked) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let _runs = execution.lock();
            locked.send(()).unwrap();
            unlocked.recv().unwrap();
        });
        is_locked.recv().unwrap();
        Locked { unlock, thread }
    }

    async fn until_held(&self, commits: usize) {
        while self.store.held() < commits {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The latest run of a workflow, when it has started.
    async fn run_id(&self, id: &str) -> String {
        loop {
            if let Ok(described) = self.describe(id).await {
                let info = described.workflow_execution_info.unwrap();
                return info.execution.unwrap().run_id;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The only message of a workflow.
    async fn message(&self, id: &str) -> crate::name::MessageName {
        let backend = &self.server.backend;
        let namespace = backend.namespaces.find(NAMESPACE).unwrap();
        let execution = backend.executions.find(&namespace, id).unwrap().unwrap();
        let mut runs = execution.lock();
        let run = &runs.latest().unwrap().unwrap().run;
        let mut pending = run.pending_tasks().into_iter();
        let key = pending.find_map(|effect| match effect {
            durably_history::Effect::Deliver(key) => Some(key),
            _ => None,
        });
        crate::name::MessageName {
            run: execution.run_name(run.run_id()),
            key: key.expect("the workflow has a message"),
        }
    }

    /// Waits until a run has no messages to others, and that is durable.
    async fn until_run_has_delivered(&self, id: &str, run_id: &str) {
        let backend = &self.server.backend;
        let namespace = backend.namespaces.find(NAMESPACE).unwrap();
        let execution = backend.executions.find(&namespace, id).unwrap().unwrap();
        loop {
            let run = self.memory.run(&execution.name, &RunId::from(run_id));
            let run = run.unwrap().unwrap();
            let events = durably_history::EventLog::from_batches(run.events).unwrap();
            let run = durably_history::Run::restore(run.parts, events).unwrap();
            if !run.has_outgoing() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Completes a task, and crashes the server when so many commits are durable.
    pub(super) async fn crash_after(
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
pub(super) async fn idle() {
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

fn cancel_child(id: &str) -> Command {
    let cancel = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: id.to_owned(),
        child_workflow_only: true,
        ..Default::default()
    };
    command(
        CommandType::RequestCancelExternalWorkflowExecution,
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(cancel),
    )
}

fn continue_as_new() -> Command {
    command(
        CommandType::ContinueAsNewWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(
            ContinueAsNewWorkflowExecutionCommandAttributes::default(),
        ),
    )
}

fn named_run(id: &str, run_id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: id.to_owned(),
        run_id: run_id.to_owned(),
    })
}

pub(super) fn complete() -> Command {
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
