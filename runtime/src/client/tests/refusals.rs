//! Refusals of the server as errors that can be matched.

use durably_proto::{
    Message,
    api::{
        enums::v1::NamespaceState,
        errordetails::v1::{
            MultiOperationExecutionFailure, NamespaceInvalidStateFailure, NamespaceNotFoundFailure,
            QueryFailedFailure, WorkflowExecutionAlreadyStartedFailure,
            multi_operation_execution_failure::OperationStatus,
        },
        failure::v1::Failure,
        query::v1::QueryRejected,
        workflowservice::v1::QueryWorkflowResponse,
    },
    rpc,
    wkt::Any,
};
use tonic::{Code, Status};

use super::{
    Account,
    fake::{Fake, server},
};
use crate::{
    client::{StartCall, WorkflowStatus},
    data::EncodedArgs,
    definition::QueueSet,
    error::{QueryError, RpcError, SignalError, StartError, UpdateError, UpdateWithStartError},
};

fn detail(detail: &impl Message, name: &str) -> Any {
    Any {
        type_url: format!("type.googleapis.com/temporal.api.errordetails.v1.{name}"),
        value: detail.encode_to_vec(),
    }
}

/// A status as the server sends it, with a detail that says what it is about.
fn status(code: Code, message: &str, detail: Any) -> Status {
    let envelope = rpc::Status {
        code: code.into(),
        message: message.to_owned(),
        details: vec![detail],
    };
    Status::with_details(code, message, envelope.encode_to_vec().into())
}

fn already_started() -> Any {
    let taken = WorkflowExecutionAlreadyStartedFailure {
        run_id: "run-1".to_owned(),
        ..Default::default()
    };
    detail(&taken, "WorkflowExecutionAlreadyStartedFailure")
}

fn start(client: &crate::client::Client) -> StartCall<Account, QueueSet> {
    StartCall::<Account, QueueSet>::new(client, EncodedArgs::from_payloads(Vec::new()))
        .id("acc-1")
        .task_queue("accounts")
}

#[tokio::test]
async fn a_taken_id_says_which_run_has_it() {
    let (fake, client) = server().await;
    let message = "Workflow execution is already running.";
    fake.start_workflow_execution.then(Err(status(
        Code::AlreadyExists,
        message,
        already_started(),
    )));
    match start(&client).await {
        Err(StartError::AlreadyStarted(taken)) => {
            assert_eq!((&*taken.workflow_id, &*taken.run_id), ("acc-1", "run-1"));
        }
        other => panic!("{:?}", other.map(|handle| handle.id().to_owned())),
    }
}

#[tokio::test]
async fn a_missing_namespace_is_no_missing_workflow() {
    let (fake, client) = server().await;
    let missing = NamespaceNotFoundFailure {
        namespace: "nowhere".to_owned(),
    };
    let detail = detail(&missing, "NamespaceNotFoundFailure");
    fake.signal_workflow_execution.then(Err(status(
        Code::NotFound,
        "Namespace nowhere is not found.",
        detail,
    )));
    match client.handle("acc-1").signal("close", ()).await {
        Err(SignalError::Rpc(RpcError::NamespaceNotFound { namespace })) => {
            assert_eq!(namespace, "nowhere");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted_is_missing() {
    let (fake, client) = server().await;
    let text = "Namespace has invalid state";
    for (state, is_missing) in [
        (NamespaceState::Deleted, true),
        (NamespaceState::Deprecated, false),
    ] {
        let invalid = NamespaceInvalidStateFailure {
            namespace: "billing".to_owned(),
            state: state.into(),
            allowed_states: vec![NamespaceState::Registered.into()],
        };
        let detail = detail(&invalid, "NamespaceInvalidStateFailure");
        fake.signal_workflow_execution
            .then(Err(status(Code::FailedPrecondition, text, detail)));
        match client.handle("acc-1").signal("close", ()).await {
            Err(SignalError::Rpc(RpcError::NamespaceNotFound { namespace })) => {
                assert_eq!((&*namespace, is_missing), ("billing", true));
            }
            Err(SignalError::Rpc(RpcError::Other { .. })) => assert!(!is_missing),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_closed_workflow_is_not_one_that_never_was() {
    let (fake, client) = server().await;
    for (message, closed) in [
        ("workflow not found for ID: acc-1", false),
        ("workflow execution already completed", true),
        ("workflow update was aborted by closing workflow", true),
    ] {
        fake.signal_workflow_execution
            .then(Err(Status::not_found(message)));
        match client.handle("acc-1").signal("close", ()).await {
            Err(SignalError::NotFound(missing)) => assert_eq!(missing.closed, closed),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_query_that_fails_tells_why() {
    let (fake, client) = server().await;
    let failed = QueryFailedFailure {
        failure: Some(Failure {
            message: "no such query".to_owned(),
            ..Default::default()
        }),
    };
    let detail = detail(&failed, "QueryFailedFailure");
    fake.query_workflow
        .then(Err(status(Code::InvalidArgument, "no such query", detail)));
    match client.handle("acc-1").query::<u64>("balance", ()).await {
        Err(QueryError::Failed(failed)) => {
            assert_eq!(failed.to_string(), "query `balance` failed: no such query");
            assert_eq!(failed.cause.to_string(), "no such query");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_rejected_query_tells_the_status() {
    let (fake, client) = server().await;
    fake.query_workflow.then(Ok(QueryWorkflowResponse {
        query_rejected: Some(QueryRejected { status: 2 }),
        ..Default::default()
    }));
    match client.handle("acc-1").query::<u64>("balance", ()).await {
        Err(QueryError::Rejected(rejected)) => {
            assert_eq!(rejected.status, WorkflowStatus::Completed);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn sizes_and_permissions_are_told_from_other_refusals() {
    for (refusal, expected) in [
        (
            Status::invalid_argument("Blob data size exceeds limit."),
            "over the size limit: Blob data size exceeds limit.",
        ),
        (
            Status::resource_exhausted("grpc: received message larger than max (5 vs. 4)"),
            "over the size limit: grpc: received message larger than max (5 vs. 4)",
        ),
        (
            Status::unauthenticated("no key"),
            "permission denied: no key",
        ),
        (
            Status::invalid_argument("missing task queue name"),
            "invalid argument: missing task queue name",
        ),
        (
            Status::failed_precondition("not now"),
            "FailedPrecondition: not now",
        ),
        (
            Status::unimplemented("SignalWorkflowExecution"),
            "the server does not know this request: SignalWorkflowExecution",
        ),
    ] {
        let (fake, client) = server().await;
        fake.signal_workflow_execution.then(Err(refusal));
        let error = client.handle("acc-1").signal("close", ()).await;
        assert_eq!(error.expect_err("it is refused").to_string(), expected);
    }
}

/// Refuses the first or second of two operations.
fn refuse_part(fake: &Fake, refused: OperationStatus, at: usize) {
    let aborted = OperationStatus {
        code: Code::Aborted.into(),
        message: "Operation was aborted.".to_owned(),
        details: Vec::new(),
    };
    let mut statuses = vec![aborted.clone(), aborted];
    statuses[at] = refused;
    let failed = MultiOperationExecutionFailure { statuses };
    let detail = detail(&failed, "MultiOperationExecutionFailure");
    let message = "Update-with-Start could not be executed.";
    fake.execute_multi_operation
        .then(Err(status(Code::InvalidArgument, message, detail)));
}

#[tokio::test]
async fn of_two_operations_the_refused_one_is_reported() {
    let (fake, client) = server().await;
    let deposit = || start(&client).with_update::<u64>(|w| w.deposit());
    let taken = OperationStatus {
        code: Code::AlreadyExists.into(),
        message: "already running".to_owned(),
        details: vec![already_started()],
    };
    refuse_part(&fake, taken, 0);
    match deposit().await {
        Err(UpdateWithStartError::Start(StartError::AlreadyStarted(taken))) => {
            assert_eq!(taken.run_id, "run-1");
        }
        other => panic!("{:?}", other.err()),
    }
    let refused = OperationStatus {
        code: Code::InvalidArgument.into(),
        message: "update name is empty".to_owned(),
        details: Vec::new(),
    };
    refuse_part(&fake, refused, 1);
    match deposit().await {
        Err(UpdateWithStartError::Update(UpdateError::Rpc(RpcError::InvalidArgument {
            message,
        }))) => assert_eq!(message, "update name is empty"),
        other => panic!("{:?}", other.err()),
    }
}
