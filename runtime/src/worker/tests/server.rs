//! A server that responds as a test has scripted, and records the calls of the worker.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use durably_proto::{
    api::{
        history::v1::HistoryEvent,
        namespace::v1::{NamespaceInfo, namespace_info},
        workflowservice::v1::*,
    },
    service::workflow::workflow_service_server::WorkflowService,
};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tonic::{Request, Response, Status};

use crate::{
    codec::Codecs,
    transport::{caller::Caller, in_process::Services},
    worker::Worker,
};

/// A call of the worker.
#[derive(Debug)]
pub(crate) enum Call {
    Completed(Box<RespondWorkflowTaskCompletedRequest>),
    Failed(Box<RespondWorkflowTaskFailedRequest>),
    Answered(Box<RespondQueryTaskCompletedRequest>),
    ActivityCompleted(Box<RespondActivityTaskCompletedRequest>),
    ActivityFailed(Box<RespondActivityTaskFailedRequest>),
    ActivityCanceled(Box<RespondActivityTaskCanceledRequest>),
    Heartbeat(Box<RecordActivityTaskHeartbeatRequest>),
    GetHistory,
    DescribeTaskQueue,
    ShutDown(Box<ShutdownWorkerRequest>),
    WorkerHeartbeat(Box<RecordWorkerHeartbeatRequest>),
}

/// The server, as the worker sees it.
struct Scripted {
    normal: Queue<PollWorkflowTaskQueueResponse>,
    sticky: Queue<PollWorkflowTaskQueueResponse>,
    activities: Queue<PollActivityTaskQueueResponse>,
    calls: mpsc::UnboundedSender<Call>,
    script: Arc<Mutex<Script>>,
}

/// The response to a heartbeat of an activity whose cancellation was requested.
pub(super) fn cancels() -> RecordActivityTaskHeartbeatResponse {
    RecordActivityTaskHeartbeatResponse {
        cancel_requested: true,
        ..Default::default()
    }
}

/// The responses to the next calls; a call without one has an empty response.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) completions: VecDeque<Result<RespondWorkflowTaskCompletedResponse, Status>>,
    /// The response to the next completion is held until something is sent.
    pub(crate) hold_completion: Option<oneshot::Receiver<()>>,
    pub(crate) heartbeats: VecDeque<Result<RecordActivityTaskHeartbeatResponse, Status>>,
    pub(crate) activity_failures: VecDeque<Result<RespondActivityTaskFailedResponse, Status>>,
    /// How many workers poll the queue for activities; without this the call is not implemented.
    pub(crate) activity_pollers: Option<usize>,
    /// What the namespace does for workers.
    pub(crate) capabilities: namespace_info::Capabilities,
    /// Nobody can look at the namespace.
    pub(crate) unreachable: bool,
    /// The response to the next announcement of a shutdown is held until something is sent.
    pub(crate) hold_shutdown: Option<oneshot::Receiver<()>>,
    /// The rate of the queue in the last poll for an activity.
    pub(crate) queue_rate: Option<f64>,
    /// Pages of history, in the order they are asked for.
    pub(crate) pages: VecDeque<GetWorkflowExecutionHistoryResponse>,
    /// The next page is held until something is sent.
    pub(crate) hold_page: Option<oneshot::Receiver<()>>,
}

type Queue<T> = AsyncMutex<mpsc::UnboundedReceiver<Result<T, Status>>>;
type Feed<T> = mpsc::UnboundedSender<Result<T, Status>>;

/// The server, as the test sees it.
pub(crate) struct Server {
    service: Arc<Scripted>,
    pub(crate) normal: Feed<PollWorkflowTaskQueueResponse>,
    pub(crate) sticky: Feed<PollWorkflowTaskQueueResponse>,
    pub(crate) activities: Feed<PollActivityTaskQueueResponse>,
    pub(crate) script: Arc<Mutex<Script>>,
    calls: mpsc::UnboundedReceiver<Call>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let (normal, normal_polls) = mpsc::unbounded_channel();
        let (sticky, sticky_polls) = mpsc::unbounded_channel();
        let (activities, activity_polls) = mpsc::unbounded_channel();
        let (record, calls) = mpsc::unbounded_channel();
        let script = Arc::new(Mutex::new(Script::default()));
        Self {
            service: Arc::new(Scripted {
                normal: AsyncMutex::new(normal_polls),
                sticky: AsyncMutex::new(sticky_polls),
                activities: AsyncMutex::new(activity_polls),
                calls: record,
                script: Arc::clone(&script),
            }),
            normal,
            sticky,
            activities,
            script,
            calls,
        }
    }

    /// A worker of this server, with nothing registered.
    pub(crate) fn worker(&self) -> Worker {
        self.worker_with(Codecs::default())
    }

    /// A worker of this server that encodes and decodes payloads.
    pub(crate) fn worker_with(&self, codecs: Codecs) -> Worker {
        self.worker_of("queue", &codecs)
    }

    /// A worker of this server that polls a queue of its own.
    pub(crate) fn worker_of(&self, queue: &str, codecs: &Codecs) -> Worker {
        let service = Arc::clone(&self.service) as Arc<dyn WorkflowService>;
        let caller = Caller::in_process(Services::of_tests(service), None, "default", "me")
            .with_codecs(codecs);
        Worker::on(caller, queue.to_owned()).executor_threads(2)
    }

    /// The next call of the worker.
    pub(crate) async fn next_call(&mut self) -> Call {
        let call = tokio::time::timeout(Duration::from_secs(20), self.calls.recv()).await;
        call.expect("the worker calls the server")
            .expect("the service lives as long as this fixture")
    }

    pub(crate) async fn completed(&mut self) -> RespondWorkflowTaskCompletedRequest {
        match self.next_call().await {
            Call::Completed(it) => *it,
            other => panic!("expected a completed task, got {other:?}"),
        }
    }

    pub(crate) async fn failed(&mut self) -> RespondWorkflowTaskFailedRequest {
        match self.next_call().await {
            Call::Failed(it) => *it,
            other => panic!("expected a failed task, got {other:?}"),
        }
    }

    pub(crate) async fn answered(&mut self) -> RespondQueryTaskCompletedRequest {
        match self.next_call().await {
            Call::Answered(it) => *it,
            other => panic!("expected the answer to a query, got {other:?}"),
        }
    }

    pub(crate) async fn activity_failed(&mut self) -> RespondActivityTaskFailedRequest {
        match self.next_call().await {
            Call::ActivityFailed(it) => *it,
            other => panic!("expected a failed activity, got {other:?}"),
        }
    }

    pub(crate) async fn activity_completed(&mut self) -> RespondActivityTaskCompletedRequest {
        match self.next_call().await {
            Call::ActivityCompleted(it) => *it,
            other => panic!("expected a completed activity, got {other:?}"),
        }
    }

    /// Workflow tasks of the task queue that no worker has polled.
    ///
    /// # Panics
    /// While a worker polls.
    pub(crate) fn waiting_tasks(&self) -> usize {
        let queue = self.service.normal.try_lock();
        queue.expect("no poll is open").len()
    }

    /// Writes down a page of history.
    pub(crate) fn page(&self, events: Vec<HistoryEvent>, next: &str) {
        let page = GetWorkflowExecutionHistoryResponse {
            history: Some(durably_proto::api::history::v1::History { events }),
            next_page_token: next.as_bytes().to_vec(),
            ..Default::default()
        };
        self.script().pages.push_back(page);
    }

    pub(crate) fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }
}

impl Scripted {
    fn record<T: Default>(&self, call: Call) -> Result<Response<T>, Status> {
        // A test that has ended receives nothing any more.
        let _ = self.calls.send(call);
        Ok(Response::new(T::default()))
    }
}

async fn next<T: Default>(queue: &Queue<T>) -> Result<Response<T>, Status> {
    match queue.lock().await.recv().await {
        Some(task) => task.map(Response::new),
        None => std::future::pending().await,
    }
}

#[tonic::async_trait]
impl WorkflowService for Scripted {
    async fn describe_namespace(
        &self,
        _: Request<DescribeNamespaceRequest>,
    ) -> Result<Response<DescribeNamespaceResponse>, Status> {
        let script = self.script.lock().unwrap();
        if script.unreachable {
            return Err(Status::unavailable("nobody is there"));
        }
        let info = NamespaceInfo {
            capabilities: Some(script.capabilities),
            ..Default::default()
        };
        Ok(Response::new(DescribeNamespaceResponse {
            namespace_info: Some(info),
            ..Default::default()
        }))
    }

    async fn record_worker_heartbeat(
        &self,
        request: Request<RecordWorkerHeartbeatRequest>,
    ) -> Result<Response<RecordWorkerHeartbeatResponse>, Status> {
        self.record(Call::WorkerHeartbeat(Box::new(request.into_inner())))
    }

    async fn describe_task_queue(
        &self,
        _: Request<DescribeTaskQueueRequest>,
    ) -> Result<Response<DescribeTaskQueueResponse>, Status> {
        let pollers = self.script.lock().unwrap().activity_pollers;
        let pollers = pollers.ok_or_else(|| Status::unimplemented("not here"))?;
        self.record::<()>(Call::DescribeTaskQueue)?;
        Ok(Response::new(DescribeTaskQueueResponse {
            pollers: vec![Default::default(); pollers],
            ..Default::default()
        }))
    }

    async fn poll_workflow_task_queue(
        &self,
        request: Request<PollWorkflowTaskQueueRequest>,
    ) -> Result<Response<PollWorkflowTaskQueueResponse>, Status> {
        let queue = request.into_inner().task_queue.unwrap();
        if queue.normal_name.is_empty() {
            next(&self.normal).await
        } else {
            next(&self.sticky).await
        }
    }

    async fn poll_activity_task_queue(
        &self,
        request: Request<PollActivityTaskQueueRequest>,
    ) -> Result<Response<PollActivityTaskQueueResponse>, Status> {
        let limits = request.into_inner().task_queue_metadata;
        self.script.lock().unwrap().queue_rate = limits.and_then(|it| it.max_tasks_per_second);
        next(&self.activities).await
    }

    async fn respond_workflow_task_completed(
        &self,
        request: Request<RespondWorkflowTaskCompletedRequest>,
    ) -> Result<Response<RespondWorkflowTaskCompletedResponse>, Status> {
        let (reply, hold) = {
            let mut script = self.script.lock().unwrap();
            (
                script.completions.pop_front(),
                script.hold_completion.take(),
            )
        };
        self.record::<()>(Call::Completed(Box::new(request.into_inner())))?;
        if let Some(hold) = hold {
            let _ = hold.await;
        }
        reply
            .unwrap_or_else(|| Ok(Default::default()))
            .map(Response::new)
    }

    async fn respond_workflow_task_failed(
        &self,
        request: Request<RespondWorkflowTaskFailedRequest>,
    ) -> Result<Response<RespondWorkflowTaskFailedResponse>, Status> {
        self.record(Call::Failed(Box::new(request.into_inner())))
    }

    async fn respond_query_task_completed(
        &self,
        request: Request<RespondQueryTaskCompletedRequest>,
    ) -> Result<Response<RespondQueryTaskCompletedResponse>, Status> {
        self.record(Call::Answered(Box::new(request.into_inner())))
    }

    async fn respond_activity_task_completed(
        &self,
        request: Request<RespondActivityTaskCompletedRequest>,
    ) -> Result<Response<RespondActivityTaskCompletedResponse>, Status> {
        self.record(Call::ActivityCompleted(Box::new(request.into_inner())))
    }

    async fn respond_activity_task_failed(
        &self,
        request: Request<RespondActivityTaskFailedRequest>,
    ) -> Result<Response<RespondActivityTaskFailedResponse>, Status> {
        let reply = self.script.lock().unwrap().activity_failures.pop_front();
        self.record::<()>(Call::ActivityFailed(Box::new(request.into_inner())))?;
        reply
            .unwrap_or_else(|| Ok(Default::default()))
            .map(Response::new)
    }

    async fn respond_activity_task_canceled(
        &self,
        request: Request<RespondActivityTaskCanceledRequest>,
    ) -> Result<Response<RespondActivityTaskCanceledResponse>, Status> {
        self.record(Call::ActivityCanceled(Box::new(request.into_inner())))
    }

    async fn record_activity_task_heartbeat(
        &self,
        request: Request<RecordActivityTaskHeartbeatRequest>,
    ) -> Result<Response<RecordActivityTaskHeartbeatResponse>, Status> {
        let reply = self.script.lock().unwrap().heartbeats.pop_front();
        self.record::<()>(Call::Heartbeat(Box::new(request.into_inner())))?;
        reply
            .unwrap_or_else(|| Ok(Default::default()))
            .map(Response::new)
    }

    async fn get_workflow_execution_history(
        &self,
        _: Request<GetWorkflowExecutionHistoryRequest>,
    ) -> Result<Response<GetWorkflowExecutionHistoryResponse>, Status> {
        let (page, hold) = {
            let mut script = self.script.lock().unwrap();
            (script.pages.pop_front(), script.hold_page.take())
        };
        self.record::<()>(Call::GetHistory)?;
        if let Some(hold) = hold {
            let _ = hold.await;
        }
        page.map(Response::new)
            .ok_or_else(|| Status::not_found("no history"))
    }

    async fn shutdown_worker(
        &self,
        request: Request<ShutdownWorkerRequest>,
    ) -> Result<Response<ShutdownWorkerResponse>, Status> {
        let hold = self.script.lock().unwrap().hold_shutdown.take();
        self.record::<()>(Call::ShutDown(Box::new(request.into_inner())))?;
        if let Some(hold) = hold {
            let _ = hold.await;
        }
        Ok(Response::new(Default::default()))
    }
}
