//! Requests as bytes, to a server that has workflows in every state.
//!
//! An input is a sequence of calls: the number of a method, the length of the request in two bytes,
//! the lower one first, and the request. The last one may be cut.

use durably_proto::Message;
use durably_proto::api::common::v1::{Payloads, WorkflowExecution};
use durably_proto::api::operatorservice::v1::*;
use durably_proto::api::query::v1::WorkflowQuery;
use durably_proto::api::workflowservice::v1::*;

use crate::command;
use crate::live_server::{LiveServer, block_on};
use crate::methods::{METHODS, number};

pub fn run(input: &[u8]) {
    block_on(async {
        let mut live = LiveServer::start().await;
        prepare(&mut live).await;
        let mut rest = input;
        for _ in 0..MOST_CALLS {
            let Some(([method, low, high], after)) = rest.split_first_chunk() else {
                break;
            };
            let length = usize::from(u16::from_le_bytes([*low, *high])).min(after.len());
            let (request, after) = after.split_at(length);
            live.call(usize::from(*method) % METHODS.len(), request)
                .await;
            rest = after;
        }
        live.stop().await;
    });
}

/// The bytes of calls.
pub fn calls(calls: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut input = Vec::new();
    for (method, request) in calls {
        input.push(u8::try_from(number(method)).expect("there are less than 256 methods"));
        let length = u16::try_from(request.len()).expect("a small request");
        input.extend(length.to_le_bytes());
        input.extend(request);
    }
    input
}

/// Starts workflows: one with a started task, timers, activities, updates and a query; one that is
/// closed; one that no worker has seen.
async fn prepare(live: &mut LiveServer) {
    let attributes = AddSearchAttributesRequest {
        namespace: NAMESPACE.to_owned(),
        search_attributes: [("City".to_owned(), 2), ("Size".to_owned(), 3)].into(),
        ..Default::default()
    };
    live.ok::<AddSearchAttributesResponse>("add_search_attributes", &attributes)
        .await;
    start(live, "closed").await;
    work(live, vec![command::complete("done")]).await;
    start(live, "open").await;
    work(
        live,
        vec![
            command::start_timer("t1", 100),
            command::schedule_activity_with("waiting", in_queue),
            command::schedule_activity_with("started", in_queue),
        ],
    )
    .await;
    let poll = PollActivityTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: Some(command::queue(QUEUE)),
        identity: "worker".to_owned(),
        ..Default::default()
    };
    live.ok::<PollActivityTaskQueueResponse>("poll_activity_task_queue", &poll)
        .await;
    let update = UpdateWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution("open"),
        request: Some(command::update("u1").request),
        ..Default::default()
    };
    live.call_later(number("update_workflow_execution"), &update.encode_to_vec())
        .await;
    let signal = signal("open");
    live.ok::<SignalWorkflowExecutionResponse>("signal_workflow_execution", &signal)
        .await;
    live.ok::<PollWorkflowTaskQueueResponse>("poll_workflow_task_queue", &poll_request())
        .await;
    let query = QueryWorkflowRequest {
        namespace: NAMESPACE.to_owned(),
        execution: execution("open"),
        query: Some(WorkflowQuery {
            query_type: "state".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    live.call_later(number("query_workflow"), &query.encode_to_vec())
        .await;
    live.ok::<SignalWorkflowExecutionResponse>("signal_workflow_execution", &signal)
        .await;
    start(live, "new").await;
}

async fn start(live: &LiveServer, id: &str) {
    live.ok::<StartWorkflowExecutionResponse>("start_workflow_execution", &start_request(id))
        .await;
}

async fn work(live: &LiveServer, commands: Vec<durably_proto::api::command::v1::Command>) {
    let task: PollWorkflowTaskQueueResponse =
        live.ok("poll_workflow_task_queue", &poll_request()).await;
    let completion = RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.task_token,
        commands,
        ..Default::default()
    };
    live.ok::<RespondWorkflowTaskCompletedResponse>("respond_workflow_task_completed", &completion)
        .await;
}

pub(crate) fn in_queue(
    activity: &mut durably_proto::api::command::v1::ScheduleActivityTaskCommandAttributes,
) {
    activity.task_queue = Some(command::queue(QUEUE));
}

pub fn start_request(id: &str) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(command::workflow_type("Fuzzed")),
        task_queue: Some(command::queue(QUEUE)),
        identity: "client".to_owned(),
        input: Some(Payloads::default()),
        ..Default::default()
    }
}

pub fn poll_request() -> PollWorkflowTaskQueueRequest {
    PollWorkflowTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: Some(command::queue(QUEUE)),
        identity: "worker".to_owned(),
        ..Default::default()
    }
}

pub fn signal(id: &str) -> SignalWorkflowExecutionRequest {
    SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(id),
        signal_name: "go".to_owned(),
        ..Default::default()
    }
}

pub fn execution(id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: id.to_owned(),
        ..Default::default()
    })
}

/// Calls of one input.
const MOST_CALLS: usize = 32;
pub const NAMESPACE: &str = "default";
pub const QUEUE: &str = "queue";
