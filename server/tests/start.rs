use durably_proto::Message;
use durably_proto::api::enums::v1::{
    WorkflowExecutionStatus, WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
};
use durably_proto::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure;
use durably_proto::api::workflowservice::v1::*;
use durably_proto::rpc;
use tonic::{Code, Request};

use crate::case::*;

#[tokio::test]
async fn an_id_in_use_is_refused_with_the_run_that_has_it() {
    let case = Case::new().await;
    let run_id = case.start("w").await;
    let refused = case
        .service
        .start_workflow_execution(Request::new(request("w")))
        .await
        .expect_err("the id is in use");
    assert_eq!(refused.code(), Code::AlreadyExists);
    let status = rpc::Status::decode(refused.details()).expect("details are a google.rpc.Status");
    assert!(
        status.details[0]
            .type_url
            .ends_with("temporal.api.errordetails.v1.WorkflowExecutionAlreadyStartedFailure")
    );
    let failure = WorkflowExecutionAlreadyStartedFailure::decode(&*status.details[0].value)
        .expect("it is what its type says");
    assert_eq!(failure.run_id, run_id);
}

#[tokio::test]
async fn the_same_request_twice_starts_once() {
    let case = Case::new().await;
    let request = StartWorkflowExecutionRequest {
        request_id: "r".to_owned(),
        ..request("w")
    };
    let first = case.start_with(request.clone()).await;
    let second = case.start_with(request).await;
    assert_eq!(first.run_id, second.run_id);
}

#[tokio::test]
async fn a_request_repeated_after_the_end_finds_what_it_did() {
    let case = Case::new().await;
    let request = StartWorkflowExecutionRequest {
        request_id: "r".to_owned(),
        ..request("w")
    };
    let first = case.start_with(request.clone()).await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    let again = case.start_with(request).await;
    assert_eq!(again.run_id, first.run_id);
    assert_eq!(again.status(), WorkflowExecutionStatus::Completed);
}

#[tokio::test]
async fn conflict_policies_decide_while_it_runs() {
    let case = Case::new().await;
    let first = case.start("w").await;
    let existing = case
        .start_with(StartWorkflowExecutionRequest {
            workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
            ..request("w")
        })
        .await;
    assert_eq!((existing.run_id, existing.started), (first.clone(), false));
    let replaced = case
        .start_with(StartWorkflowExecutionRequest {
            workflow_id_conflict_policy: WorkflowIdConflictPolicy::TerminateExisting.into(),
            ..request("w")
        })
        .await;
    assert_ne!(replaced.run_id, first);
    assert!(replaced.started);
}

#[tokio::test]
async fn reuse_policies_decide_once_it_has_ended() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    for policy in [
        WorkflowIdReusePolicy::RejectDuplicate,
        WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
    ] {
        let refused = case
            .service
            .start_workflow_execution(Request::new(StartWorkflowExecutionRequest {
                workflow_id_reuse_policy: policy.into(),
                ..request("w")
            }))
            .await
            .expect_err("it has completed");
        assert_eq!(refused.code(), Code::AlreadyExists);
    }
    case.start("w").await;
}

#[tokio::test]
async fn a_signal_with_start_starts_a_missing_workflow() {
    let case = Case::new().await;
    let signal = |name: &str| SignalWithStartWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_id: "w".to_owned(),
        workflow_type: request("w").workflow_type,
        task_queue: Some(normal(QUEUE)),
        signal_name: name.to_owned(),
        ..Default::default()
    };
    let mut runs = Vec::new();
    for name in ["first", "second"] {
        let started = ok(case
            .service
            .signal_with_start_workflow_execution(Request::new(signal(name)))
            .await);
        runs.push((started.run_id, started.started));
    }
    assert_eq!(runs[0].0, runs[1].0);
    assert_eq!((runs[0].1, runs[1].1), (true, false));
    assert_eq!(
        case.history("w").await,
        [
            "WorkflowExecutionStarted",
            "WorkflowExecutionSignaled",
            "WorkflowTaskScheduled",
            "WorkflowExecutionSignaled",
        ]
    );
}

#[tokio::test]
async fn the_first_task_comes_with_the_answer_if_asked_for() {
    let case = Case::new().await;
    let started = case
        .start_with(StartWorkflowExecutionRequest {
            request_eager_execution: true,
            ..request("w")
        })
        .await;
    let task = started.eager_workflow_task.expect("it was asked for");
    case.complete(&task, vec![complete_workflow()]).await;
    case.closed("w").await;
}

#[tokio::test]
async fn missing_fields_are_named() {
    let case = Case::new().await;
    let no_type = StartWorkflowExecutionRequest {
        workflow_type: None,
        ..request("w")
    };
    let no_queue = StartWorkflowExecutionRequest {
        task_queue: None,
        ..request("w")
    };
    for (request, missing) in [
        (request(""), "WorkflowId"),
        (no_type, "WorkflowType"),
        (no_queue, "taskQueue"),
    ] {
        let refused = case
            .service
            .start_workflow_execution(Request::new(request))
            .await
            .expect_err("something is missing");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(missing), "{refused}");
    }
}
