//! Run ids: their format, and the error texts of invalid ones.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::WorkflowExecution, query::v1::WorkflowQuery, workflowservice::v1::*,
};
use durably_tests::{
    World, on_both_servers,
    raw::{NAMESPACE, ended, execution},
};

on_both_servers! {
    a_run_id_that_is_no_uuid_is_refused
    every_spelling_of_a_run_id_finds_the_run
    the_first_run_id_sorts_by_time
}

/// Each method that names an execution, sent with the one given.
async fn every_method(world: &World, named: Option<WorkflowExecution>) -> Result<[String; 8]> {
    let mut service = world.service().await?;
    let namespace = NAMESPACE.to_owned();
    Ok([
        ended(
            service
                .signal_workflow_execution(SignalWorkflowExecutionRequest {
                    namespace: namespace.clone(),
                    workflow_execution: named.clone(),
                    signal_name: "signal".to_owned(),
                    ..Default::default()
                })
                .await,
        ),
        ended(
            service
                .describe_workflow_execution(DescribeWorkflowExecutionRequest {
                    namespace: namespace.clone(),
                    execution: named.clone(),
                })
                .await,
        ),
        ended(
            service
                .get_workflow_execution_history(GetWorkflowExecutionHistoryRequest {
                    namespace: namespace.clone(),
                    execution: named.clone(),
                    ..Default::default()
                })
                .await,
        ),
        ended(
            service
                .get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest {
                    namespace: namespace.clone(),
                    execution: named.clone(),
                    ..Default::default()
                })
                .await,
        ),
        ended(
            service
                .reset_sticky_task_queue(ResetStickyTaskQueueRequest {
                    namespace: namespace.clone(),
                    execution: named.clone(),
                })
                .await,
        ),
        ended(
            service
                .request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest {
                    namespace: namespace.clone(),
                    workflow_execution: named.clone(),
                    ..Default::default()
                })
                .await,
        ),
        ended(
            service
                .terminate_workflow_execution(TerminateWorkflowExecutionRequest {
                    namespace: namespace.clone(),
                    workflow_execution: named.clone(),
                    ..Default::default()
                })
                .await,
        ),
        // Last, because the run is closed by now: the query would wait for a worker otherwise.
        match named {
            Some(named) if named.workflow_id.starts_with("workflow") => "OK".to_owned(),
            named => ended(
                service
                    .query_workflow(QueryWorkflowRequest {
                        namespace,
                        execution: named,
                        query: Some(WorkflowQuery {
                            query_type: "query".to_owned(),
                            ..Default::default()
                        }),
                        ..Default::default()
                    })
                    .await,
            ),
        },
    ])
}

async fn a_run_id_that_is_no_uuid_is_refused(world: &World) -> Result<()> {
    let absent = |run_id: &str| {
        Some(WorkflowExecution {
            workflow_id: "absent".to_owned(),
            run_id: run_id.to_owned(),
        })
    };
    for (named, answer) in [
        (absent("nonsense"), "InvalidArgument: Invalid RunId."),
        (None, "InvalidArgument: Execution is not set on request."),
        (
            execution(""),
            "InvalidArgument: WorkflowId is not set on request.",
        ),
        (absent(""), "NotFound: workflow not found for ID: absent"),
    ] {
        for ended in every_method(world, named.clone()).await? {
            assert_eq!(ended, answer, "{named:?}");
        }
    }
    Ok(())
}

async fn every_spelling_of_a_run_id_finds_the_run(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for spell in [
        |id: &str| id.to_uppercase(),
        |id: &str| format!("{{{id}}}"),
        |id: &str| id.replace('-', ""),
        |id: &str| format!("urn:uuid:{id}"),
    ] {
        let request = world.start_request();
        let workflow_id = request.workflow_id.clone();
        let started = service
            .start_workflow_execution(request)
            .await?
            .into_inner();
        let named = WorkflowExecution {
            workflow_id,
            run_id: spell(&started.run_id),
        };
        let ended = every_method(world, Some(named.clone())).await?;
        assert_eq!(ended, [(); 8].map(|()| "OK"), "{named:?}");
    }
    Ok(())
}

async fn the_first_run_id_sorts_by_time(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let started = service
        .start_workflow_execution(world.start_request())
        .await?
        .into_inner();
    // The version of a UUID is its thirteenth digit.
    assert_eq!(started.run_id.as_bytes()[14], b'7', "{}", started.run_id);
    Ok(())
}
