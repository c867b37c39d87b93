//! Tests of the server on stores that hold commits back, fail, and survive a restart.

mod attributes;
mod batches;
mod deletion;
mod outbox;
mod schedules;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::command::v1::{
    Command, ScheduleActivityTaskCommandAttributes, StartTimerCommandAttributes,
};
use durably_proto::api::common::v1::{ActivityType, WorkflowExecution, WorkflowType};
use durably_proto::api::enums::v1::{
    CommandType, EventType, HistoryEventFilterType, QueryResultType, WorkflowExecutionStatus,
};
use durably_proto::api::query::v1::WorkflowQuery;
use durably_proto::api::taskqueue::v1::TaskQueue;
use durably_proto::api::workflowservice::v1::*;
use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use durably_proto::wkt;
use tonic::{Code, Request, Response, Status};

use super::*;
use crate::store::faulty::{FaultyStore, Mode};

#[tokio::test]
async fn a_stopped_server_drops_its_tasks() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    let backend = Arc::downgrade(&case.server.backend);
    drop(case.service);
    case.server.shutdown().await;
    assert!(backend.upgrade().is_none());
}

#[tokio::test]
async fn nothing_is_answered_or_dispatched_before_its_commit_lasts() {
    let case = Case::new().await;
    case.store.set(Mode::Held);
    let mut started = pin!(case.start("w"));
    let mut task = pin!(case.task());
    assert!(is_pending(&mut started).await);
    assert!(is_pending(&mut task).await);
    assert_eq!(case.store.held(), 1);
    case.store.release();
    started.await.unwrap();
    assert_eq!(task.await.unwrap().attempt, 1);
}

#[tokio::test]
async fn what_is_read_is_durable() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.store.set(Mode::Held);
    let mut signaled = pin!(case.signal("w", "s"));
    assert!(is_pending(&mut signaled).await);
    let mut events = pin!(case.events("w"));
    let mut described = pin!(case.describe("w"));
    assert!(is_pending(&mut events).await);
    assert!(is_pending(&mut described).await);
    case.store.release();
    signaled.await.unwrap();
    let expected = [
        EventType::WorkflowExecutionStarted,
        EventType::WorkflowTaskScheduled,
        EventType::WorkflowExecutionSignaled,
    ];
    assert_eq!(events.await, expected);
    described.await.unwrap();
}

#[tokio::test]
async fn a_request_whose_client_leaves_before_the_commit_lasts_takes_effect() {
    let case = Case::new().await;
    case.store.set(Mode::Held);
    {
        let mut started = pin!(case.start("w"));
        assert!(is_pending(&mut started).await);
    }
    case.store.release();
    assert_eq!(case.task().await.unwrap().attempt, 1);
}

#[tokio::test]
async fn a_start_whose_commit_fails_leaves_nothing() {
    let case = Case::new().await;
    case.store.set(Mode::Held);
    let mut started = pin!(case.start("w"));
    assert!(is_pending(&mut started).await);
    case.store.fail();
    let failed = started.await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    assert!(failed.message().contains("disk full"), "{failed:?}");
    assert_eq!(case.describe("w").await.unwrap_err().code(), Code::NotFound);
    assert!(case.start("w").await.unwrap().started);
    assert_eq!(case.task().await.unwrap().attempt, 1);
}

#[tokio::test]
async fn a_refused_commit_changes_nothing() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    let before = case.events("w").await;
    case.store.set(Mode::Refused);
    let failed = case.signal("w", "s").await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    case.store.set(Mode::Done);
    assert_eq!(case.events("w").await, before);
    case.signal("w", "s").await.unwrap();
    assert_eq!(case.events("w").await.len(), before.len() + 1);
}

#[tokio::test]
async fn commits_that_follow_a_failed_one_fail_with_it() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.store.set(Mode::Held);
    let mut first = pin!(case.signal("w", "first"));
    let mut second = pin!(case.signal("w", "second"));
    assert!(is_pending(&mut first).await);
    assert!(is_pending(&mut second).await);
    assert_eq!(case.store.held(), 2);
    case.store.fail();
    assert_eq!(first.await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(second.await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(case.events("w").await.len(), 2);
    for signal in ["first", "second", "first"] {
        case.signal("w", signal).await.unwrap();
    }
    assert_eq!(case.events("w").await.len(), 4, "each is recorded once");
}

#[tokio::test]
async fn a_task_whose_start_fails_is_offered_again() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.store.set(Mode::Held);
    let mut task = pin!(case.task());
    while case.store.held() == 0 {
        assert!(is_pending(&mut task).await);
    }
    case.store.fail();
    assert_eq!(task.await.unwrap_err().code(), Code::Unavailable);
    let task = case.task().await.unwrap();
    assert_eq!(task.attempt, 1, "no attempt was lost");
}

#[tokio::test]
async fn a_task_that_cannot_be_read_is_offered_again() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.forget();
    case.store.fail_reads(true);
    let failed = case.signal("w", "s").await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    case.store.fail_reads(false);
    assert_eq!(case.task().await.unwrap().attempt, 1);
}

#[tokio::test]
async fn a_deadline_whose_commit_fails_is_met_later() {
    let case = Case::new().await;
    let request = StartWorkflowExecutionRequest {
        workflow_run_timeout: Some(seconds(1)),
        ..start_request("w")
    };
    case.start_with(request).await.unwrap();
    case.store.set(Mode::Refused);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    case.store.set(Mode::Done);
    case.until_closed("w", WorkflowExecutionStatus::TimedOut)
        .await;
}

#[tokio::test]
async fn an_execution_leaves_memory_and_comes_back() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    let task = case.task().await.unwrap();
    case.complete(&task, vec![start_timer(1), schedule_activity()])
        .await
        .unwrap();
    let before = case.describe("w").await.unwrap();
    case.forget();
    assert_eq!(case.describe("w").await.unwrap(), before);
    case.forget();
    let activity = case.activity().await.unwrap();
    case.forget();
    case.complete_activity(&activity).await.unwrap();
    case.forget();
    case.signal("w", "s").await.unwrap();
    case.forget();
    case.until_event("w", EventType::TimerFired).await;
}

#[tokio::test]
async fn an_execution_that_somebody_waits_for_stays_in_memory() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    let mut closed = pin!(case.close_event("w"));
    assert!(is_pending(&mut closed).await);
    case.forget();
    case.terminate("w").await.unwrap();
    assert_eq!(closed.await, [EventType::WorkflowExecutionTerminated]);
}

#[tokio::test]
async fn a_restarted_server_goes_on() {
    let case = Case::new().await;
    case.register("more").await.unwrap();
    for id in ["waiting", "started", "timer", "activity", "closed"] {
        case.start(id).await.unwrap();
    }
    let mut tasks = Vec::new();
    for _ in 0..5 {
        tasks.push(case.task().await.unwrap());
    }
    let take = |id: &str| {
        let of_id = |task: &&PollWorkflowTaskQueueResponse| {
            task.workflow_execution.as_ref().unwrap().workflow_id == id
        };
        tasks.iter().find(of_id).unwrap().clone()
    };
    case.complete(&take("waiting"), Vec::new()).await.unwrap();
    case.signal("waiting", "s").await.unwrap();
    let started = take("started");
    case.complete(&take("timer"), vec![start_timer(1)])
        .await
        .unwrap();
    case.complete(&take("activity"), vec![schedule_activity()])
        .await
        .unwrap();
    case.terminate("closed").await.unwrap();
    let before = case.describe("activity").await.unwrap();
    let before_closed = case.events("closed").await;

    let case = case.restart().await;
    assert_eq!(case.describe("activity").await.unwrap(), before);
    assert_eq!(case.events("closed").await, before_closed);
    assert_eq!(
        case.register("more").await.unwrap_err().code(),
        Code::AlreadyExists
    );
    // A task that waits is offered again, and one that is with a worker is completed by it.
    let waiting = case.task().await.unwrap();
    assert_eq!(waiting.workflow_execution.unwrap().workflow_id, "waiting");
    case.complete(&started, vec![schedule_activity()])
        .await
        .unwrap();
    for _ in 0..2 {
        let activity = case.activity().await.unwrap();
        case.complete_activity(&activity).await.unwrap();
    }
    case.until_event("timer", EventType::TimerFired).await;
    // The request that started the run is known, and so is the signal.
    let again = case.start("waiting").await.unwrap();
    assert_eq!(
        (again.started, again.run_id),
        (true, waiting_run(&case).await)
    );
    let events = case.events("waiting").await.len();
    case.signal("waiting", "s").await.unwrap();
    assert_eq!(case.events("waiting").await.len(), events);
}

#[tokio::test]
async fn an_answer_to_a_query_before_a_restart_is_refused() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    let task = case.task().await.unwrap();
    case.complete(&task, Vec::new()).await.unwrap();
    let old = {
        let mut queried = pin!(case.query("w"));
        assert!(is_pending(&mut queried).await);
        case.task().await.unwrap()
    };
    let case = case.restart().await;
    let mut queried = pin!(case.query("w"));
    assert!(is_pending(&mut queried).await);
    let refused = case.answer(&old).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert!(is_pending(&mut queried).await);
    let new = case.task().await.unwrap();
    case.answer(&new).await.unwrap();
    queried.await.unwrap();
}

async fn waiting_run(case: &Case) -> String {
    let described = case.describe("waiting").await.unwrap();
    let info = described.workflow_execution_info.unwrap();
    info.execution.unwrap().run_id
}

#[tokio::test]
async fn after_a_panic_nothing_is_read_before_the_commits_on_their_way_have_arrived() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.store.set(Mode::Held);
    let mut signaled = pin!(case.signal("w", "s"));
    assert!(is_pending(&mut signaled).await);
    let backend = &case.server.backend;
    let namespace = backend.namespaces.find(NAMESPACE).unwrap();
    let execution = backend.executions.find(&namespace, "w").unwrap().unwrap();
    backend.panicked(&execution, &mut execution.lock());
    let mut other = pin!(case.signal("w", "other"));
    assert!(is_pending(&mut other).await);
    case.store.release();
    assert_eq!(other.await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(signaled.await.unwrap_err().code(), Code::Unavailable);
    // The first signal is recorded, although its sender was not sure of it.
    let task = case.task().await.unwrap();
    assert_eq!(task.attempt, 1);
    case.signal("w", "s").await.unwrap();
    let signals = case.events("w").await;
    let signals = signals
        .iter()
        .filter(|event| **event == EventType::WorkflowExecutionSignaled);
    assert_eq!(signals.count(), 1);
}

#[tokio::test]
async fn an_input_that_changes_nothing_commits_nothing() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    case.signal("w", "s").await.unwrap();
    case.store.set(Mode::Held);
    case.signal("w", "s").await.unwrap();
    assert_eq!(case.store.held(), 0);
}

#[tokio::test]
async fn the_alarm_of_a_workflow_that_left_memory_is_removed_when_it_ends() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    let task = case.task().await.unwrap();
    case.complete(&task, vec![start_timer(3600)]).await.unwrap();
    assert!(case.server.backend.timers.next_due().is_some());
    case.forget();
    case.terminate("w").await.unwrap();
    assert_eq!(case.server.backend.timers.next_due(), None);
}

#[tokio::test]
async fn a_closed_run_leaves_memory_while_its_workflow_goes_on() {
    let case = Case::new().await;
    let first = case.start("w").await.unwrap().run_id;
    case.terminate("w").await.unwrap();
    let again = StartWorkflowExecutionRequest {
        request_id: "again".to_owned(),
        ..start_request("w")
    };
    case.start_with(again).await.unwrap();
    let mut closed = pin!(case.close_event("w"));
    assert!(is_pending(&mut closed).await);
    let backend = &case.server.backend;
    let end = backend.clock.now() + Duration::from_secs(1);
    assert_eq!(backend.store.remove_closed(NAMESPACE, end, 9), Ok(1));
    case.forget();
    let first = DescribeWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        execution: Some(WorkflowExecution {
            workflow_id: "w".to_owned(),
            run_id: first,
        }),
    };
    let first = Request::new(first);
    let gone = case.service.describe_workflow_execution(first).await;
    assert_eq!(gone.unwrap_err().code(), Code::NotFound);
    case.terminate("w").await.unwrap();
    assert_eq!(closed.await, [EventType::WorkflowExecutionTerminated]);
}

#[tokio::test]
async fn a_closed_workflow_is_removed_after_its_retention() {
    let case = Case::new().await;
    case.start("closed").await.unwrap();
    case.start("open").await.unwrap();
    case.terminate("closed").await.unwrap();
    case.server.backend.remove_expired();
    case.describe("closed").await.unwrap();
    let namespace = case.server.backend.namespaces.find(NAMESPACE).unwrap();
    let store = &case.server.backend.store;
    let now = case.server.backend.clock.now();
    let end = now + namespace.settings().retention;
    assert_eq!(store.remove_closed(NAMESPACE, end, 9), Ok(1));
    case.forget();
    let gone = case.describe("closed").await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    case.describe("open").await.unwrap();
    assert!(case.start("closed").await.unwrap().started);
}

#[tokio::test]
async fn a_server_that_stops_removes_no_more_runs() {
    let case = Case::new().await;
    let config = Server::builder()
        .grpc(false)
        .retention(Duration::from_nanos(1));
    let store = Arc::clone(&case.store);
    let server = Server::launch_on(store as _, Ids::random(), config)
        .await
        .unwrap();
    let case = Case {
        service: server.service(),
        server,
        memory: Arc::clone(&case.memory),
        store: Arc::clone(&case.store),
    };
    let backend = &case.server.backend;
    let remaining = |id: &str| {
        let namespace = backend.namespaces.find(NAMESPACE).unwrap();
        let execution = backend.executions.find_or_create(&namespace, id);
        case.store.execution(&execution.name).unwrap().is_some()
    };
    for id in ["expired", "later"] {
        case.start(id).await.unwrap();
        case.terminate(id).await.unwrap();
        if id == "later" {
            backend.stop();
        }
        backend.remove_expired();
    }
    assert!(!remaining("expired"));
    assert!(remaining("later"));
}

#[tokio::test]
async fn a_store_that_can_write_no_more_stops_the_server_with_its_reason() {
    let case = Case::new().await;
    case.start("w").await.unwrap();
    let mut closed = pin!(case.service.get_workflow_execution_history(Request::new(
        GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: named("w"),
            wait_new_event: true,
            history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
            ..Default::default()
        }
    )));
    assert!(is_pending(&mut closed).await);
    {
        let mut failed = pin!(case.server.failed());
        assert!(is_pending(&mut failed).await);
        case.store.break_down();
        assert!(failed.await.to_string().contains("panicked"));
    }
    for refused in [closed.await.unwrap_err(), case.task().await.unwrap_err()] {
        assert_eq!(refused.code(), Code::Unavailable);
        assert!(refused.message().contains("panicked"), "{refused:?}");
    }
    case.server.shutdown().await;
}

#[tokio::test]
async fn lists_that_wait_for_the_disk_leave_other_requests_alone() {
    let case = Case::new().await;
    let held = HeldLists::of(&case);
    let lists = held.lists(20).await;
    while held.started() < 8 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    case.start("w").await.unwrap();
    case.describe("w").await.unwrap();
    assert_eq!(held.started(), 8, "a few at a time");
    held.end(20);
    for list in lists {
        list.await.unwrap();
    }
    assert_eq!(held.started(), 20);
}

#[tokio::test]
async fn lists_whose_clients_have_left_are_not_read_and_do_not_delay_the_shutdown() {
    let case = Case::new().await;
    let held = HeldLists::of(&case);
    let mut lists = held.lists(20).await;
    // Eight of them have a thread.
    lists.truncate(8);
    let last = held.lists(1).await;
    case.server.shutdown().await;
    held.end(21);
    for list in lists.into_iter().chain(last) {
        list.await.unwrap();
    }
    assert_eq!(held.started(), 9);
}

/// Lists that keep their threads until they are ended.
struct HeldLists {
    backend: Arc<Backend>,
    started: Arc<AtomicUsize>,
    end: std::sync::mpsc::Sender<()>,
    ended: Arc<Mutex<std::sync::mpsc::Receiver<()>>>,
}

impl HeldLists {
    fn of(case: &Case) -> Self {
        let (end, ended) = std::sync::mpsc::channel();
        Self {
            backend: Arc::clone(&case.server.backend),
            started: Arc::default(),
            end,
            ended: Arc::new(Mutex::new(ended)),
        }
    }

    /// So many more, each of which has a thread or waits for one.
    async fn lists(&self, count: usize) -> Vec<Pin<Box<impl Future<Output = Result<(), Error>>>>> {
        let list = |_| {
            let backend = Arc::clone(&self.backend);
            let (ended, started) = (Arc::clone(&self.ended), Arc::clone(&self.started));
            let list = async move {
                let work = move |_: &Backend| {
                    started.fetch_add(1, Ordering::Relaxed);
                    ended.lock().unwrap().recv().expect("it is sent");
                    Ok(())
                };
                backend.on_disk(work).await
            };
            Box::pin(list)
        };
        let mut lists: Vec<_> = (0..count).map(list).collect();
        for list in &mut lists {
            assert!(is_pending(&mut list.as_mut()).await);
        }
        lists
    }

    fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }

    /// Ends so many of those that have a thread, now or later.
    fn end(&self, count: usize) {
        for _ in 0..count {
            self.end.send(()).unwrap();
        }
    }
}

/// A server on a store that can fail.
struct Case {
    server: Server,
    service: Arc<dyn WorkflowService>,
    memory: Arc<MemoryStore>,
    store: Arc<FaultyStore>,
}

impl Case {
    async fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new("cluster".to_owned()))).await
    }

    async fn on(memory: Arc<MemoryStore>) -> Self {
        let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
        Self::on_faulty(memory, store).await
    }

    async fn on_faulty(memory: Arc<MemoryStore>, store: Arc<FaultyStore>) -> Self {
        let config = Server::builder().grpc(false);
        let server = Server::launch_on(Arc::clone(&store) as _, Ids::random(), config);
        let server = server.await.unwrap();
        let service = server.service();
        Self {
            server,
            service,
            memory,
            store,
        }
    }

    async fn restart(self) -> Self {
        let Self {
            server,
            service,
            memory,
            ..
        } = self;
        drop(service);
        server.shutdown().await;
        Self::on(memory).await
    }

    /// Drops every execution that nobody waits for from memory.
    fn forget(&self) {
        for _ in 0..2 {
            self.server.backend.executions.sweep();
        }
    }

    async fn register(&self, name: &str) -> Result<RegisterNamespaceResponse, Status> {
        inner(
            self.service
                .register_namespace(Request::new(RegisterNamespaceRequest {
                    namespace: name.to_owned(),
                    workflow_execution_retention_period: Some(seconds(60)),
                    ..Default::default()
                }))
                .await,
        )
    }

    async fn start(&self, id: &str) -> Result<StartWorkflowExecutionResponse, Status> {
        self.start_with(start_request(id)).await
    }

    async fn start_with(
        &self,
        request: StartWorkflowExecutionRequest,
    ) -> Result<StartWorkflowExecutionResponse, Status> {
        let request = Request::new(request);
        inner(self.service.start_workflow_execution(request).await)
    }

    async fn task(&self) -> Result<PollWorkflowTaskQueueResponse, Status> {
        inner(
            self.service
                .poll_workflow_task_queue(Request::new(PollWorkflowTaskQueueRequest {
                    namespace: NAMESPACE.to_owned(),
                    task_queue: Some(queue()),
                    ..Default::default()
                }))
                .await,
        )
    }

    async fn complete(
        &self,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> Result<RespondWorkflowTaskCompletedResponse, Status> {
        inner(
            self.service
                .respond_workflow_task_completed(Request::new(
                    RespondWorkflowTaskCompletedRequest {
                        namespace: NAMESPACE.to_owned(),
                        task_token: task.task_token.clone(),
                        commands,
                        ..Default::default()
                    },
                ))
                .await,
        )
    }

    async fn activity(&self) -> Result<PollActivityTaskQueueResponse, Status> {
        inner(
            self.service
                .poll_activity_task_queue(Request::new(PollActivityTaskQueueRequest {
                    namespace: NAMESPACE.to_owned(),
                    task_queue: Some(queue()),
                    ..Default::default()
                }))
                .await,
        )
    }

    async fn complete_activity(
        &self,
        task: &PollActivityTaskQueueResponse,
    ) -> Result<RespondActivityTaskCompletedResponse, Status> {
        inner(
            self.service
                .respond_activity_task_completed(Request::new(
                    RespondActivityTaskCompletedRequest {
                        namespace: NAMESPACE.to_owned(),
                        task_token: task.task_token.clone(),
                        ..Default::default()
                    },
                ))
                .await,
        )
    }

    async fn signal(
        &self,
        id: &str,
        name: &str,
    ) -> Result<SignalWorkflowExecutionResponse, Status> {
        inner(
            self.service
                .signal_workflow_execution(Request::new(SignalWorkflowExecutionRequest {
                    namespace: NAMESPACE.to_owned(),
                    workflow_execution: named(id),
                    signal_name: name.to_owned(),
                    request_id: name.to_owned(),
                    ..Default::default()
                }))
                .await,
        )
    }

    async fn query(&self, id: &str) -> Result<QueryWorkflowResponse, Status> {
        inner(
            self.service
                .query_workflow(Request::new(QueryWorkflowRequest {
                    namespace: NAMESPACE.to_owned(),
                    execution: named(id),
                    query: Some(WorkflowQuery {
                        query_type: "state".to_owned(),
                        ..Default::default()
                    }),
                    ..Default::default()
                }))
                .await,
        )
    }

    async fn answer(
        &self,
        task: &PollWorkflowTaskQueueResponse,
    ) -> Result<RespondQueryTaskCompletedResponse, Status> {
        inner(
            self.service
                .respond_query_task_completed(Request::new(RespondQueryTaskCompletedRequest {
                    namespace: NAMESPACE.to_owned(),
                    task_token: task.task_token.clone(),
                    completed_type: QueryResultType::Answered.into(),
                    ..Default::default()
                }))
                .await,
        )
    }

    async fn terminate(&self, id: &str) -> Result<TerminateWorkflowExecutionResponse, Status> {
        inner(
            self.service
                .terminate_workflow_execution(Request::new(TerminateWorkflowExecutionRequest {
                    namespace: NAMESPACE.to_owned(),
                    workflow_execution: named(id),
                    ..Default::default()
                }))
                .await,
        )
    }

    async fn describe(&self, id: &str) -> Result<DescribeWorkflowExecutionResponse, Status> {
        inner(
            self.service
                .describe_workflow_execution(Request::new(DescribeWorkflowExecutionRequest {
                    namespace: NAMESPACE.to_owned(),
                    execution: named(id),
                }))
                .await,
        )
    }

    /// The types of the events in the history.
    async fn events(&self, id: &str) -> Vec<EventType> {
        self.history(GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: named(id),
            ..Default::default()
        })
        .await
    }

    /// Waits for the event that closes the workflow.
    async fn close_event(&self, id: &str) -> Vec<EventType> {
        self.history(GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: named(id),
            wait_new_event: true,
            history_event_filter_type: 2,
            ..Default::default()
        })
        .await
    }

    async fn history(&self, request: GetWorkflowExecutionHistoryRequest) -> Vec<EventType> {
        let request = Request::new(request);
        let page = self.service.get_workflow_execution_history(request).await;
        let history = page.unwrap().into_inner().history.unwrap();
        let events = history.events.iter();
        events.map(|event| event.event_type()).collect()
    }

    async fn until_event(&self, id: &str, event: EventType) {
        while !self.events(id).await.contains(&event) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_closed(&self, id: &str, status: WorkflowExecutionStatus) {
        loop {
            let described = self.describe(id).await.unwrap();
            let info = described.workflow_execution_info.unwrap();
            if info.status() == status {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Polls a future until everything that it can do without the store is done.
async fn is_pending<F: Future>(future: &mut Pin<&mut F>) -> bool {
    for _ in 0..16 {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending()));
        if !polled.await {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}

fn inner<T>(response: Result<Response<T>, Status>) -> Result<T, Status> {
    response.map(Response::into_inner)
}

fn start_request(id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Greeting".to_owned(),
        }),
        task_queue: Some(queue()),
        request_id: format!("start {id}"),
        ..Default::default()
    }
}

fn named(id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: id.to_owned(),
        run_id: String::new(),
    })
}

fn queue() -> TaskQueue {
    TaskQueue {
        name: "queue".to_owned(),
        ..Default::default()
    }
}

fn start_timer(after: i64) -> Command {
    Command {
        command_type: CommandType::StartTimer.into(),
        attributes: Some(Attributes::StartTimerCommandAttributes(
            StartTimerCommandAttributes {
                timer_id: "timer".to_owned(),
                start_to_fire_timeout: Some(seconds(after)),
            },
        )),
        ..Default::default()
    }
}

fn schedule_activity() -> Command {
    Command {
        command_type: CommandType::ScheduleActivityTask.into(),
        attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(
            ScheduleActivityTaskCommandAttributes {
                activity_id: "activity".to_owned(),
                activity_type: Some(ActivityType {
                    name: "greet".to_owned(),
                }),
                task_queue: Some(queue()),
                start_to_close_timeout: Some(seconds(60)),
                ..Default::default()
            },
        )),
        ..Default::default()
    }
}

fn seconds(seconds: i64) -> wkt::Duration {
    wkt::Duration { seconds, nanos: 0 }
}

const NAMESPACE: &str = "default";
