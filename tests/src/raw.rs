//! Requests as they are on the wire, for what our client does not send.

use durably::Result;
use durably_proto::{
    api::{
        command::v1::{
            Command, ContinueAsNewWorkflowExecutionCommandAttributes,
            FailWorkflowExecutionCommandAttributes, command::Attributes,
        },
        common::v1::{Payload, Payloads, SearchAttributes, WorkflowExecution, WorkflowType},
        enums::v1::{CommandType, EventType, IndexedValueType, WorkflowTaskFailedCause},
        failure::v1::Failure,
        operatorservice::v1::{AddSearchAttributesRequest, ListSearchAttributesRequest},
        protocol::v1::Message,
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
            GetWorkflowExecutionHistoryRequest, PollWorkflowTaskQueueRequest,
            PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest,
            RespondWorkflowTaskCompletedResponse, RespondWorkflowTaskFailedRequest,
            StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
        },
    },
    service::{
        operator::operator_service_client::OperatorServiceClient,
        workflow::workflow_service_client::WorkflowServiceClient,
    },
};
use tonic::{Code, Request, Response, Status, transport::Channel};

use crate::{World, eventually, unique};

/// The namespace of all requests.
pub const NAMESPACE: &str = "default";

/// The service, called without a client of ours.
pub type Service = WorkflowServiceClient<Channel>;

impl World {
    /// The service behind the address of this world's server.
    pub async fn service(&self) -> Result<Service> {
        Ok(WorkflowServiceClient::connect(format!("http://{}", self.address())).await?)
    }

    /// A start request for a workflow nobody else has started, on this world's queue.
    pub fn start_request(&self) -> StartWorkflowExecutionRequest {
        StartWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_id: unique("workflow"),
            workflow_type: Some(WorkflowType {
                name: "Raw".to_owned(),
            }),
            task_queue: task_queue(&self.queue),
            request_id: unique("request"),
            identity: "raw".to_owned(),
            ..Default::default()
        }
    }
}

/// Search attributes of every type, as `name -> JSON`; their names begin with `Durably`.
pub async fn add_search_attributes(world: &World) -> Result<()> {
    let operator = OperatorServiceClient::connect(format!("http://{}", world.address())).await?;
    let types = [
        IndexedValueType::Text,
        IndexedValueType::Keyword,
        IndexedValueType::Int,
        IndexedValueType::Double,
        IndexedValueType::Bool,
        IndexedValueType::Datetime,
        IndexedValueType::KeywordList,
    ];
    let name = |value_type: IndexedValueType| format!("Durably{value_type:?}");
    let request = || AddSearchAttributesRequest {
        namespace: NAMESPACE.to_owned(),
        search_attributes: types
            .map(|value_type| (name(value_type), value_type.into()))
            .into(),
    };
    // Another test may add them to the same server in the same moment.
    eventually("the search attributes are there", || {
        let mut operator = operator.clone();
        let request = request();
        async move {
            let listed = ListSearchAttributesRequest {
                namespace: NAMESPACE.to_owned(),
            };
            operator.add_search_attributes(request).await.ok();
            let listed = operator.list_search_attributes(listed).await.ok()?;
            let custom = listed.into_inner().custom_attributes;
            custom.contains_key("DurablyKeywordList").then_some(())
        }
    })
    .await;
    Ok(())
}

/// Search attributes out of JSON.
pub fn search_attributes(fields: &[(&str, &str)]) -> SearchAttributes {
    let field = |(name, json): &(&str, &str)| {
        let payload = Payload {
            metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
            data: json.as_bytes().to_vec(),
            ..Default::default()
        };
        ((*name).to_owned(), payload)
    };
    SearchAttributes {
        indexed_fields: fields.iter().map(field).collect(),
    }
}

/// Waits for the next workflow task of a queue.
pub async fn workflow_task(
    service: &mut Service,
    queue: &str,
) -> Result<PollWorkflowTaskQueueResponse> {
    let polled = service
        .poll_workflow_task_queue(within(
            60,
            PollWorkflowTaskQueueRequest {
                namespace: NAMESPACE.to_owned(),
                task_queue: task_queue(queue),
                identity: "raw".to_owned(),
                ..Default::default()
            },
        ))
        .await?;
    Ok(polled.into_inner())
}

/// Completes a workflow task.
pub async fn complete(
    service: &mut Service,
    task: &PollWorkflowTaskQueueResponse,
    commands: Vec<Command>,
    messages: Vec<Message>,
) -> std::result::Result<Response<RespondWorkflowTaskCompletedResponse>, Status> {
    let request = RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.task_token.clone(),
        commands,
        messages,
        ..Default::default()
    };
    service.respond_workflow_task_completed(request).await
}

/// Fails a workflow task, as a worker does whose code panics.
pub async fn fail_task(service: &mut Service, task: PollWorkflowTaskQueueResponse) -> Result<()> {
    service
        .respond_workflow_task_failed(RespondWorkflowTaskFailedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token,
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure.into(),
            identity: "raw".to_owned(),
            ..Default::default()
        })
        .await?;
    Ok(())
}

/// A command that closes the run.
pub fn complete_workflow() -> Command {
    command(
        CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(Default::default()),
    )
}

/// See [`complete_workflow`].
pub fn fail_workflow() -> Command {
    command(
        CommandType::FailWorkflowExecution,
        Attributes::FailWorkflowExecutionCommandAttributes(
            FailWorkflowExecutionCommandAttributes {
                failure: Some(Failure {
                    message: "busy".to_owned(),
                    ..Default::default()
                }),
            },
        ),
    )
}

/// See [`complete_workflow`].
pub fn cancel_workflow() -> Command {
    command(
        CommandType::CancelWorkflowExecution,
        Attributes::CancelWorkflowExecutionCommandAttributes(Default::default()),
    )
}

/// See [`complete_workflow`]; what the command does not say stays as it is.
pub fn continue_as_new(attributes: ContinueAsNewWorkflowExecutionCommandAttributes) -> Command {
    command(
        CommandType::ContinueAsNewWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(attributes),
    )
}

/// A command with its attributes.
pub fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command {
        command_type: kind.into(),
        attributes: Some(attributes),
        ..Default::default()
    }
}

/// Terminates the latest run of a workflow.
pub async fn terminate(service: &mut Service, workflow_id: &str) -> Result<()> {
    service
        .terminate_workflow_execution(TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(workflow_id),
            ..Default::default()
        })
        .await?;
    Ok(())
}

/// Describes the latest run of a workflow.
pub async fn describe(
    service: &mut Service,
    workflow_id: &str,
) -> Result<DescribeWorkflowExecutionResponse> {
    let described = service
        .describe_workflow_execution(DescribeWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            execution: execution(workflow_id),
        })
        .await?;
    Ok(described.into_inner())
}

/// The types of all events of the latest run of a workflow.
pub async fn event_types(service: &mut Service, workflow_id: &str) -> Result<Vec<EventType>> {
    let events = events(service, workflow_id).await?;
    Ok(events.iter().map(|event| event.event_type()).collect())
}

/// The history of the latest run of a workflow.
pub async fn events(
    service: &mut Service,
    workflow_id: &str,
) -> Result<Vec<durably_proto::api::history::v1::HistoryEvent>> {
    let history = service
        .get_workflow_execution_history(GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: execution(workflow_id),
            ..Default::default()
        })
        .await?;
    Ok(history.into_inner().history.unwrap_or_default().events)
}

/// The latest run of a workflow.
pub fn execution(workflow_id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: workflow_id.to_owned(),
        run_id: String::new(),
    })
}

/// A normal task queue.
pub fn task_queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue {
        name: name.to_owned(),
        ..Default::default()
    })
}

/// Payloads of this many bytes of data.
pub fn payloads(bytes: usize) -> Option<Payloads> {
    Some(Payloads {
        payloads: vec![payload(bytes)],
    })
}

/// A payload of this many bytes of data.
pub fn payload(bytes: usize) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"binary/plain".to_vec())].into(),
        data: vec![b'x'; bytes],
        ..Default::default()
    }
}

/// A request that is given up after this many seconds, for calls that wait.
pub fn within<T>(seconds: u64, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(std::time::Duration::from_secs(seconds));
    request
}

/// How a call ended: `OK`, or its code and text.
pub fn ended<T>(answer: std::result::Result<Response<T>, Status>) -> String {
    match answer {
        Ok(_) => "OK".to_owned(),
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    }
}

/// Whether a call ended because its own deadline expired: the client notices, or the server says so
/// in the same moment.
pub fn expired<T>(answer: std::result::Result<Response<T>, Status>) -> bool {
    match answer {
        Ok(_) => false,
        Err(status) => matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded),
    }
}
