//! A server, and the few words in which tests talk to it.

use std::sync::Arc;

use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::command::v1::{
    Command, CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
    StartChildWorkflowExecutionCommandAttributes, StartTimerCommandAttributes,
};
use durably_proto::api::common::v1::{
    ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType,
};
use durably_proto::api::enums::v1::{CommandType, EventType, TaskQueueKind};
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::query::v1::WorkflowQuery;
use durably_proto::api::taskqueue::v1::{StickyExecutionAttributes, TaskQueue};
use durably_proto::api::workflowservice::v1::*;
use durably_proto::service::testing::test_service_client::TestServiceClient;
use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use durably_proto::wkt::Duration;
use durably_server::{Clock, Server, ServerBuilder};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

pub(crate) const NAMESPACE: &str = "default";
pub(crate) const QUEUE: &str = "queue";
pub(crate) const STICKY: &str = "sticky-queue";

pub(crate) struct Case {
    pub(crate) server: Server,
    pub(crate) service: Arc<dyn WorkflowService>,
}

impl Case {
    pub(crate) async fn new() -> Self {
        Self::with(Clock::system()).await
    }

    pub(crate) async fn with(clock: Clock) -> Self {
        Self::of(Server::builder().clock(clock).grpc(false)).await
    }

    /// One that listens as well.
    pub(crate) async fn listening(clock: Clock) -> Self {
        Self::of(Server::builder().clock(clock)).await
    }

    async fn of(builder: ServerBuilder) -> Self {
        let server = builder.start().await.expect("a port is free");
        let service = server.service();
        Self { server, service }
    }

    /// The server's time, over the network.
    pub(crate) async fn time(&self) -> TestServiceClient<Channel> {
        let url = self.server.url().expect("it listens");
        let time = TestServiceClient::connect(url).await;
        time.expect("it listens")
    }

    /// Starts a workflow and returns its run id.
    pub(crate) async fn start(&self, id: &str) -> String {
        self.start_with(request(id)).await.run_id
    }

    pub(crate) async fn start_with(
        &self,
        request: StartWorkflowExecutionRequest,
    ) -> StartWorkflowExecutionResponse {
        ok(self
            .service
            .start_workflow_execution(Request::new(request))
            .await)
    }

    /// Waits for the next workflow task of the normal queue.
    pub(crate) async fn task(&self) -> PollWorkflowTaskQueueResponse {
        self.poll(normal(QUEUE)).await
    }

    /// Waits for the next workflow task of the sticky queue.
    pub(crate) async fn sticky_task(&self) -> PollWorkflowTaskQueueResponse {
        self.poll(sticky()).await
    }

    async fn poll(&self, queue: TaskQueue) -> PollWorkflowTaskQueueResponse {
        ok(self
            .service
            .poll_workflow_task_queue(Request::new(PollWorkflowTaskQueueRequest {
                namespace: NAMESPACE.to_owned(),
                task_queue: Some(queue),
                identity: "worker".to_owned(),
                ..Default::default()
            }))
            .await)
    }

    /// Completes a workflow task.
    pub(crate) async fn complete(
        &self,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> RespondWorkflowTaskCompletedResponse {
        self.complete_with(completion(task, commands)).await
    }

    /// Completes a workflow task and keeps the run in the worker's cache.
    pub(crate) async fn complete_sticky(
        &self,
        task: &PollWorkflowTaskQueueResponse,
        commands: Vec<Command>,
    ) -> RespondWorkflowTaskCompletedResponse {
        self.complete_with(RespondWorkflowTaskCompletedRequest {
            sticky_attributes: Some(StickyExecutionAttributes {
                worker_task_queue: Some(sticky()),
                schedule_to_start_timeout: Some(seconds(10)),
            }),
            ..completion(task, commands)
        })
        .await
    }

    pub(crate) async fn complete_with(
        &self,
        request: RespondWorkflowTaskCompletedRequest,
    ) -> RespondWorkflowTaskCompletedResponse {
        ok(self
            .service
            .respond_workflow_task_completed(Request::new(request))
            .await)
    }

    /// Waits for the next activity task.
    pub(crate) async fn activity(&self) -> PollActivityTaskQueueResponse {
        ok(self
            .service
            .poll_activity_task_queue(Request::new(PollActivityTaskQueueRequest {
                namespace: NAMESPACE.to_owned(),
                task_queue: Some(normal(QUEUE)),
                identity: "worker".to_owned(),
                ..Default::default()
            }))
            .await)
    }

    pub(crate) async fn complete_activity(&self, task: PollActivityTaskQueueResponse) {
        ok(self
            .service
            .respond_activity_task_completed(Request::new(RespondActivityTaskCompletedRequest {
                namespace: NAMESPACE.to_owned(),
                task_token: task.task_token,
                result: payloads("\"done\""),
                ..Default::default()
            }))
            .await);
    }

    pub(crate) async fn signal(&self, id: &str, name: &str) -> Result<(), Status> {
        self.service
            .signal_workflow_execution(Request::new(SignalWorkflowExecutionRequest {
                namespace: NAMESPACE.to_owned(),
                workflow_execution: named(id),
                signal_name: name.to_owned(),
                ..Default::default()
            }))
            .await
            .map(|_| ())
    }

    pub(crate) async fn query(&self, id: &str) -> Result<QueryWorkflowResponse, Status> {
        self.query_with(query(id)).await
    }

    pub(crate) async fn query_with(
        &self,
        request: QueryWorkflowRequest,
    ) -> Result<QueryWorkflowResponse, Status> {
        self.service
            .query_workflow(Request::new(request))
            .await
            .map(Response::into_inner)
    }

    pub(crate) async fn events(&self, id: &str) -> Vec<HistoryEvent> {
        self.events_of(WorkflowExecution {
            workflow_id: id.to_owned(),
            ..Default::default()
        })
        .await
    }

    pub(crate) async fn events_of(&self, execution: WorkflowExecution) -> Vec<HistoryEvent> {
        let history = ok(self
            .service
            .get_workflow_execution_history(Request::new(GetWorkflowExecutionHistoryRequest {
                namespace: NAMESPACE.to_owned(),
                execution: Some(execution),
                ..Default::default()
            }))
            .await);
        history.history.unwrap_or_default().events
    }

    /// The types of the events of a history, in short: `WorkflowTaskScheduled`.
    pub(crate) async fn history(&self, id: &str) -> Vec<String> {
        self.events(id).await.iter().map(short).collect()
    }

    /// Waits until the workflow is closed and returns its last event.
    pub(crate) async fn closed(&self, id: &str) -> HistoryEvent {
        let history = ok(self
            .service
            .get_workflow_execution_history(Request::new(GetWorkflowExecutionHistoryRequest {
                namespace: NAMESPACE.to_owned(),
                execution: named(id),
                wait_new_event: true,
                history_event_filter_type:
                    durably_proto::api::enums::v1::HistoryEventFilterType::CloseEvent.into(),
                ..Default::default()
            }))
            .await);
        let mut events = history.history.unwrap_or_default().events;
        events.pop().expect("the wait ends with the close event")
    }

    pub(crate) async fn describe(&self, id: &str) -> DescribeWorkflowExecutionResponse {
        ok(self
            .service
            .describe_workflow_execution(Request::new(DescribeWorkflowExecutionRequest {
                namespace: NAMESPACE.to_owned(),
                execution: named(id),
            }))
            .await)
    }
}

pub(crate) fn ok<T>(answer: Result<Response<T>, Status>) -> T {
    answer.expect("the server accepts it").into_inner()
}

/// The type of an event in short.
pub(crate) fn short(event: &HistoryEvent) -> String {
    let name = EventType::try_from(event.event_type).expect("the server writes known types");
    name.as_str_name()
        .trim_start_matches("EVENT_TYPE_")
        .split('_')
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_owned() + &rest.to_lowercase()
        })
        .collect()
}

pub(crate) fn request(id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Test".to_owned(),
        }),
        task_queue: Some(normal(QUEUE)),
        identity: "client".to_owned(),
        ..Default::default()
    }
}

pub(crate) fn completion(
    task: &PollWorkflowTaskQueueResponse,
    commands: Vec<Command>,
) -> RespondWorkflowTaskCompletedRequest {
    RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.task_token.clone(),
        commands,
        identity: "worker".to_owned(),
        ..Default::default()
    }
}

pub(crate) fn query(id: &str) -> QueryWorkflowRequest {
    QueryWorkflowRequest {
        namespace: NAMESPACE.to_owned(),
        execution: named(id),
        query: Some(WorkflowQuery {
            query_type: "state".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(crate) fn named(id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: id.to_owned(),
        ..Default::default()
    })
}

pub(crate) fn normal(name: &str) -> TaskQueue {
    TaskQueue {
        name: name.to_owned(),
        kind: TaskQueueKind::Normal.into(),
        ..Default::default()
    }
}

pub(crate) fn sticky() -> TaskQueue {
    TaskQueue {
        name: STICKY.to_owned(),
        kind: TaskQueueKind::Sticky.into(),
        normal_name: QUEUE.to_owned(),
    }
}

pub(crate) fn seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}

pub(crate) fn payloads(json: &str) -> Option<Payloads> {
    Some(Payloads {
        payloads: vec![Payload {
            metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
            data: json.as_bytes().to_vec(),
            ..Default::default()
        }],
    })
}

pub(crate) fn schedule_activity(id: &str) -> Command {
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(ScheduleActivityTaskCommandAttributes {
            activity_id: id.to_owned(),
            activity_type: Some(ActivityType {
                name: "work".to_owned(),
            }),
            task_queue: Some(normal(QUEUE)),
            start_to_close_timeout: Some(seconds(60)),
            ..Default::default()
        }),
    )
}

pub(crate) fn start_timer(id: &str, fires_after: i64) -> Command {
    command(
        CommandType::StartTimer,
        Attributes::StartTimerCommandAttributes(StartTimerCommandAttributes {
            timer_id: id.to_owned(),
            start_to_fire_timeout: Some(seconds(fires_after)),
        }),
    )
}

pub(crate) fn start_child(id: &str) -> Command {
    command(
        CommandType::StartChildWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(
            StartChildWorkflowExecutionCommandAttributes {
                workflow_id: id.to_owned(),
                workflow_type: Some(WorkflowType {
                    name: "Child".to_owned(),
                }),
                ..Default::default()
            },
        ),
    )
}

pub(crate) fn complete_workflow() -> Command {
    command(
        CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(
            CompleteWorkflowExecutionCommandAttributes {
                result: payloads("42"),
            },
        ),
    )
}

pub(crate) fn command(command_type: CommandType, attributes: Attributes) -> Command {
    Command {
        command_type: command_type.into(),
        attributes: Some(attributes),
        ..Default::default()
    }
}
