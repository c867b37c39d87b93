use std::time::Duration;

use durably_proto::Message as _;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::command::v1::{Command, ProtocolMessageCommandAttributes};
use durably_proto::api::enums::v1::{
    CommandType, UpdateWorkflowExecutionLifecycleStage as Stage, WorkflowIdConflictPolicy,
};
use durably_proto::api::protocol::v1::Message;
use durably_proto::api::update::v1::{
    Acceptance, Input, Meta, Outcome, Rejection, Request as Update, Response as Done, UpdateRef,
    WaitPolicy, outcome,
};
use durably_proto::api::workflowservice::v1::execute_multi_operation_request::{
    Operation, operation,
};
use durably_proto::api::workflowservice::v1::*;
use durably_proto::wkt::Any;
use tokio::time::Instant;
use tonic::{Code, Request};

use crate::case::*;

fn update(id: &str, until: Stage) -> UpdateWorkflowExecutionRequest {
    UpdateWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: named("w"),
        wait_policy: Some(WaitPolicy {
            lifecycle_stage: until.into(),
        }),
        request: Some(Update {
            meta: Some(Meta {
                update_id: id.to_owned(),
                identity: "client".to_owned(),
            }),
            input: Some(Input {
                name: "add".to_owned(),
                args: payloads("1"),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn send(
    case: &Case,
    request: UpdateWorkflowExecutionRequest,
) -> Result<UpdateWorkflowExecutionResponse, tonic::Status> {
    case.service
        .update_workflow_execution(Request::new(request))
        .await
        .map(tonic::Response::into_inner)
}

fn any(name: &str, value: Vec<u8>) -> Option<Any> {
    Some(Any {
        type_url: format!("type.googleapis.com/temporal.api.update.v1.{name}"),
        value,
    })
}

fn message(request: &Message, kind: &str, body: Option<Any>) -> Message {
    Message {
        id: format!("{}/{kind}", request.protocol_instance_id),
        protocol_instance_id: request.protocol_instance_id.clone(),
        body,
        ..Default::default()
    }
}

fn accepted(request: &Message) -> Message {
    let acceptance = Acceptance {
        accepted_request_message_id: request.id.clone(),
        accepted_request_sequencing_event_id: 2,
        accepted_request: None,
    };
    message(
        request,
        "accept",
        any("Acceptance", acceptance.encode_to_vec()),
    )
}

fn done(request: &Message) -> Message {
    let done = Done {
        meta: Some(Meta {
            update_id: request.protocol_instance_id.clone(),
            ..Default::default()
        }),
        outcome: Some(Outcome {
            value: Some(outcome::Value::Success(payloads("7").unwrap_or_default())),
        }),
    };
    message(request, "done", any("Response", done.encode_to_vec()))
}

fn rejected(request: &Message) -> Message {
    let rejection = Rejection {
        rejected_request_message_id: request.id.clone(),
        rejected_request_sequencing_event_id: 2,
        failure: Some(durably_proto::api::failure::v1::Failure {
            message: "too much".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    message(
        request,
        "reject",
        any("Rejection", rejection.encode_to_vec()),
    )
}

fn with_messages(
    task: &PollWorkflowTaskQueueResponse,
    messages: Vec<Message>,
) -> RespondWorkflowTaskCompletedRequest {
    let commands: Vec<Command> = messages
        .iter()
        .map(|message| {
            command(
                CommandType::ProtocolMessage,
                Attributes::ProtocolMessageCommandAttributes(ProtocolMessageCommandAttributes {
                    message_id: message.id.clone(),
                }),
            )
        })
        .collect();
    RespondWorkflowTaskCompletedRequest {
        messages,
        ..completion(task, commands)
    }
}

async fn at_rest() -> Case {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, Vec::new()).await;
    case
}

#[tokio::test]
async fn an_update_is_accepted_and_done() {
    let case = at_rest().await;
    let worker = async {
        let task = case.task().await;
        let request = &task.messages[0];
        let messages = vec![accepted(request), done(request)];
        case.complete_with(with_messages(&task, messages)).await;
    };
    let (sent, ()) = tokio::join!(send(&case, update("u", Stage::Completed)), worker);
    let sent = sent.expect("the worker answers");
    assert_eq!(sent.stage(), Stage::Completed);
    assert!(matches!(
        sent.outcome.and_then(|outcome| outcome.value),
        Some(outcome::Value::Success(value)) if Some(value.clone()) == payloads("7")
    ));
    // The same update again is the same update; nobody is asked.
    let again = send(&case, update("u", Stage::Completed)).await;
    assert!(again.expect("it is known").outcome.is_some());
    let history = case.history("w").await;
    assert_eq!(
        history[history.len() - 2..],
        [
            "WorkflowExecutionUpdateAccepted",
            "WorkflowExecutionUpdateCompleted"
        ]
    );
}

#[tokio::test]
async fn an_update_is_awaited_stage_by_stage() {
    let case = at_rest().await;
    let worker = async {
        let task = case.task().await;
        let request = task.messages[0].clone();
        let accepted = vec![accepted(&request)];
        case.complete_with(with_messages(&task, accepted)).await;
        request
    };
    let (sent, request) = tokio::join!(send(&case, update("u", Stage::Accepted)), worker);
    let sent = sent.expect("the worker answers");
    assert_eq!((sent.stage(), sent.outcome), (Stage::Accepted, None));
    let poll = PollWorkflowExecutionUpdateRequest {
        namespace: NAMESPACE.to_owned(),
        update_ref: sent.update_ref,
        wait_policy: Some(WaitPolicy {
            lifecycle_stage: Stage::Completed.into(),
        }),
        ..Default::default()
    };
    let worker = async {
        case.signal("w", "wake").await.expect("it runs");
        let task = case.task().await;
        let done = vec![done(&request)];
        case.complete_with(with_messages(&task, done)).await;
    };
    let (polled, ()) = tokio::join!(
        case.service
            .poll_workflow_execution_update(Request::new(poll)),
        worker
    );
    assert!(ok(polled).outcome.is_some());
}

#[tokio::test]
async fn a_rejected_update_leaves_no_trace() {
    let case = at_rest().await;
    let before = case.history("w").await;
    let worker = async {
        let task = case.task().await;
        let messages = vec![rejected(&task.messages[0])];
        // Rejections need no command.
        case.complete_with(RespondWorkflowTaskCompletedRequest {
            messages,
            ..completion(&task, Vec::new())
        })
        .await;
    };
    let (sent, ()) = tokio::join!(send(&case, update("u", Stage::Completed)), worker);
    let outcome = sent.expect("the worker answers").outcome;
    assert!(matches!(
        outcome.and_then(|outcome| outcome.value),
        Some(outcome::Value::Failure(failure)) if failure.message == "too much"
    ));
    assert_eq!(case.history("w").await, before);
}

#[tokio::test]
async fn a_rejected_update_leaves_no_trace_behind_other_events() {
    use respond_workflow_task_completed_request::Capabilities;
    for takes_events_again in [true, false] {
        let case = Case::new().await;
        case.start("w").await;
        let task = case.task().await;
        case.complete(&task, vec![start_timer("t", 3600)]).await;
        let before = case.history("w").await;
        let worker = async {
            let task = case.task().await;
            let messages = vec![rejected(&task.messages[0])];
            case.complete_with(RespondWorkflowTaskCompletedRequest {
                messages,
                capabilities: Some(Capabilities {
                    discard_speculative_workflow_task_with_events: takes_events_again,
                }),
                ..completion(&task, Vec::new())
            })
            .await;
        };
        let (sent, ()) = tokio::join!(send(&case, update("u", Stage::Completed)), worker);
        sent.expect("the worker answers");
        let unchanged = case.history("w").await == before;
        assert_eq!(unchanged, takes_events_again);
    }
}

#[tokio::test]
async fn an_update_with_start_starts_a_missing_workflow() {
    let case = Case::new().await;
    let operations = || {
        let start = StartWorkflowExecutionRequest {
            workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
            ..request("w")
        };
        [
            operation::Operation::StartWorkflow(start),
            operation::Operation::UpdateWorkflow(update("u", Stage::Completed)),
        ]
        .map(|operation| Operation {
            operation: Some(operation),
        })
        .into()
    };
    let multi = || ExecuteMultiOperationRequest {
        namespace: NAMESPACE.to_owned(),
        operations: operations(),
        ..Default::default()
    };
    let worker = async {
        let task = case.task().await;
        let request = &task.messages[0];
        let messages = vec![accepted(request), done(request)];
        case.complete_with(with_messages(&task, messages)).await;
    };
    let (answered, ()) = tokio::join!(
        case.service.execute_multi_operation(Request::new(multi())),
        worker
    );
    assert_eq!(ok(answered).responses.len(), 2);
    // Sent again, it finds the update that was sent before.
    let again = ok(case
        .service
        .execute_multi_operation(Request::new(multi()))
        .await);
    let Some(execute_multi_operation_response::response::Response::StartWorkflow(start)) =
        &again.responses[0].response
    else {
        panic!("the first answer is the start's: {again:?}");
    };
    assert!(!start.started);
}

#[tokio::test]
async fn unknown_updates_and_closed_runs_are_told_apart() {
    let case = at_rest().await;
    let unknown = case
        .service
        .poll_workflow_execution_update(Request::new(PollWorkflowExecutionUpdateRequest {
            namespace: NAMESPACE.to_owned(),
            update_ref: Some(UpdateRef {
                workflow_execution: named("w"),
                update_id: "nope".to_owned(),
            }),
            ..Default::default()
        }))
        .await
        .expect_err("nobody sent it");
    assert_eq!(unknown.code(), Code::NotFound);
    case.signal("w", "wake").await.expect("it runs");
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    let closed = send(&case, update("u", Stage::Completed))
        .await
        .expect_err("the run is closed");
    assert_eq!(closed.code(), Code::NotFound);
    assert_eq!(closed.message(), "workflow execution already completed");
}

#[tokio::test]
async fn malformed_messages_fail_the_task_and_nothing_else() {
    let case = at_rest().await;
    let worker = async {
        let task = case.task().await;
        let mut garbage = accepted(&task.messages[0]);
        garbage.body = any("Acceptance", b"\xff\xff".to_vec());
        let refused = case
            .service
            .respond_workflow_task_completed(Request::new(with_messages(&task, vec![garbage])))
            .await
            .expect_err("the message is garbage");
        assert_eq!(refused.code(), Code::InvalidArgument);
        let task = case.task().await;
        let request = &task.messages[0];
        let messages = vec![accepted(request), done(request)];
        case.complete_with(with_messages(&task, messages)).await;
    };
    let (sent, ()) = tokio::join!(send(&case, update("u", Stage::Completed)), worker);
    assert!(sent.expect("the next attempt answers").outcome.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_update_returns_its_stage_at_the_servers_limit() {
    let case = at_rest().await;
    for stage in [Stage::Accepted, Stage::Completed] {
        let began = Instant::now();
        let sent = send(&case, update("u", stage)).await;
        assert_eq!(sent.expect("it is empty").stage(), Stage::Admitted);
        assert_eq!(began.elapsed(), Duration::from_secs(20));
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_whose_deadline_expires_receives_an_error() {
    let case = at_rest().await;
    let began = Instant::now();
    let mut request = Request::new(update("u", Stage::Completed));
    request.set_timeout(Duration::from_secs(1));
    let sent = case.service.update_workflow_execution(request).await;
    let expired = sent.expect_err("nobody answers");
    assert_eq!(expired.code(), Code::DeadlineExceeded);
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}
