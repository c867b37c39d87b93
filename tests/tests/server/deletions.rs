//! Deletions of workflows: what becomes of the run, its id, its row in lists, and its parent.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{StartChildWorkflowExecutionCommandAttributes, command::Attributes},
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::{CommandType, EventType},
    workflowservice::v1::*,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{
        NAMESPACE, Service, command, complete, complete_workflow, describe, ended, event_types,
        execution, task_queue, terminate, within, workflow_task,
    },
    unique,
};

use super::names::long;

on_both_servers! {
    a_closed_workflow_is_deleted
    a_running_workflow_is_terminated_and_deleted
    an_earlier_run_is_deleted_alone
    the_parent_of_a_deleted_workflow_records_its_end
    a_deletion_without_a_workflow_is_refused
}

async fn delete(
    service: &mut Service,
    execution: Option<WorkflowExecution>,
) -> std::result::Result<tonic::Response<DeleteWorkflowExecutionResponse>, tonic::Status> {
    let request = DeleteWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution,
    };
    service.delete_workflow_execution(request).await
}

/// Waits until a workflow is neither found nor listed.
async fn gone(service: &Service, workflow_id: &str) {
    eventually("the workflow is deleted", || {
        let (mut service, id) = (service.clone(), workflow_id.to_owned());
        async move {
            describe(&mut service, &id).await.err()?;
            let request = CountWorkflowExecutionsRequest {
                namespace: NAMESPACE.to_owned(),
                query: format!("WorkflowId = '{id}'"),
            };
            let counted = service.count_workflow_executions(request).await.ok()?;
            (counted.into_inner().count == 0).then_some(())
        }
    })
    .await;
}

/// Waits until this many runs of a workflow are listed.
async fn listed(service: &Service, workflow_id: &str, runs: i64) {
    counted(service, format!("WorkflowId = '{workflow_id}'"), runs).await;
}

/// Waits until this many runs of a workflow are listed as closed: the real server deletes a run late
/// that it has not listed so.
async fn listed_as_closed(service: &Service, workflow_id: &str, runs: i64) {
    let query = format!("WorkflowId = '{workflow_id}' AND ExecutionStatus != 'Running'");
    counted(service, query, runs).await;
}

async fn counted(service: &Service, query: String, runs: i64) {
    eventually("the runs are listed", || {
        let mut service = service.clone();
        let request = CountWorkflowExecutionsRequest {
            namespace: NAMESPACE.to_owned(),
            query: query.clone(),
        };
        async move {
            let counted = service.count_workflow_executions(request).await.ok()?;
            (counted.into_inner().count == runs).then_some(())
        }
    })
    .await;
}

async fn a_closed_workflow_is_deleted(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = world.start_request();
    let id = start.workflow_id.clone();
    let run_id = service.start_workflow_execution(start.clone()).await?;
    let run_id = run_id.into_inner().run_id;
    let task = workflow_task(&mut service, &world.queue).await?;
    complete(&mut service, &task, vec![complete_workflow()], vec![]).await?;
    listed_as_closed(&service, &id, 1).await;
    delete(&mut service, execution(&id)).await?;
    gone(&service, &id).await;
    let history = GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE.to_owned(),
        execution: Some(WorkflowExecution {
            workflow_id: id.clone(),
            run_id,
        }),
        ..Default::default()
    };
    let history = service.get_workflow_execution_history(history).await;
    assert_eq!(
        history.expect_err("it is gone").code(),
        tonic::Code::NotFound
    );
    let again = ended(delete(&mut service, execution(&id)).await);
    assert_eq!(again, format!("NotFound: workflow not found for ID: {id}"));
    // Its id is as new, with its first request id, too.
    service.start_workflow_execution(start).await?;
    let types = event_types(&mut service, &id).await?;
    assert_eq!(
        types,
        [
            EventType::WorkflowExecutionStarted,
            EventType::WorkflowTaskScheduled
        ]
    );
    terminate(&mut service, &id).await
}

async fn a_running_workflow_is_terminated_and_deleted(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = world.start_request();
    let id = start.workflow_id.clone();
    let run_id = service.start_workflow_execution(start).await?;
    let run_id = run_id.into_inner().run_id;
    let task = workflow_task(&mut service, &world.queue).await?;
    // Somebody waits for its end.
    let waiting = tokio::spawn({
        let mut service = service.clone();
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: execution(&id),
            wait_new_event: true,
            history_event_filter_type:
                durably_proto::api::enums::v1::HistoryEventFilterType::CloseEvent.into(),
            ..Default::default()
        };
        async move {
            service
                .get_workflow_execution_history(within(60, request))
                .await
        }
    });
    listed(&service, &id, 1).await;
    let named = Some(WorkflowExecution {
        workflow_id: id.clone(),
        run_id,
    });
    delete(&mut service, named).await?;
    // Its worker's answer comes too late.
    let late = complete(&mut service, &task, vec![complete_workflow()], vec![]).await;
    assert_eq!(
        late.expect_err("it is closed").code(),
        tonic::Code::NotFound
    );
    gone(&service, &id).await;
    // The waiter receives the last event, or that the run is gone; it does not wait on.
    match waiting.await.expect("no panic") {
        Ok(answer) => {
            let events = answer.into_inner().history.unwrap_or_default().events;
            let last = events.last().map(|event| event.event_type());
            assert_eq!(last, Some(EventType::WorkflowExecutionTerminated));
        }
        Err(status) => assert_eq!(status.code(), tonic::Code::NotFound),
    }
    Ok(())
}

async fn an_earlier_run_is_deleted_alone(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let mut start = world.start_request();
    let id = start.workflow_id.clone();
    let first = service.start_workflow_execution(start.clone()).await?;
    let first = first.into_inner().run_id;
    terminate(&mut service, &id).await?;
    start.request_id = unique("request");
    let second = service.start_workflow_execution(start).await?;
    let second = second.into_inner().run_id;
    listed(&service, &id, 2).await;
    listed_as_closed(&service, &id, 1).await;
    let named = Some(WorkflowExecution {
        workflow_id: id.clone(),
        run_id: first.clone(),
    });
    delete(&mut service, named).await?;
    listed(&service, &id, 1).await;
    let described = describe(&mut service, &id).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    assert_eq!(info.execution.unwrap_or_default().run_id, second);
    terminate(&mut service, &id).await?;
    listed_as_closed(&service, &id, 1).await;
    delete(&mut service, execution(&id)).await?;
    gone(&service, &id).await;
    Ok(())
}

async fn the_parent_of_a_deleted_workflow_records_its_end(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = world.start_request();
    let (id, child_id) = (start.workflow_id.clone(), unique("child"));
    service.start_workflow_execution(start).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let child = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: child_id.clone(),
        workflow_type: Some(WorkflowType {
            name: "Child".to_owned(),
        }),
        // Nobody polls it.
        task_queue: task_queue(&unique("queue")),
        ..Default::default()
    };
    let child = command(
        CommandType::StartChildWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(child),
    );
    complete(&mut service, &task, vec![child], vec![]).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    complete(&mut service, &task, vec![], vec![]).await?;
    delete(&mut service, execution(&child_id)).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let events = task.history.unwrap_or_default().events;
    let terminated = EventType::ChildWorkflowExecutionTerminated;
    assert!(events.iter().any(|event| event.event_type() == terminated));
    gone(&service, &child_id).await;
    terminate(&mut service, &id).await
}

async fn a_deletion_without_a_workflow_is_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let named = |workflow_id: &str, run_id: &str| {
        Some(WorkflowExecution {
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
        })
    };
    let table = [
        (None, "InvalidArgument: Execution is not set on request."),
        (
            named("", ""),
            "InvalidArgument: WorkflowId is not set on request.",
        ),
        (named("nowhere", "no id"), "InvalidArgument: Invalid RunId."),
        (
            named("nowhere", ""),
            "NotFound: workflow not found for ID: nowhere",
        ),
        (
            named(&long(), ""),
            &*format!("NotFound: workflow not found for ID: {}", long()),
        ),
    ];
    for (execution, answer) in table {
        assert_eq!(ended(delete(&mut service, execution).await), answer);
    }
    Ok(())
}
