//! Signals and cancel requests to workflows of another namespace, by raw commands.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{
        Command, RequestCancelExternalWorkflowExecutionCommandAttributes,
        SignalExternalWorkflowExecutionCommandAttributes, command::Attributes,
    },
    enums::v1::{CommandType, EventType as Event},
    workflowservice::v1::RegisterNamespaceRequest,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{
        Service, command, complete, complete_workflow, ended, event_types, execution, terminate,
        workflow_task,
    },
    unique,
};

on_both_servers! {
    a_signal_to_another_namespace_is_refused_and_the_run_goes_on
    a_cancel_request_to_another_namespace_is_refused_and_the_run_goes_on
}

#[expect(deprecated, reason = "workers still send the namespace")]
fn signal(namespace: &str) -> Command {
    let attributes = SignalExternalWorkflowExecutionCommandAttributes {
        namespace: namespace.to_owned(),
        execution: execution("elsewhere"),
        signal_name: "go".to_owned(),
        ..Default::default()
    };
    command(
        CommandType::SignalExternalWorkflowExecution,
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

#[expect(deprecated, reason = "workers still send the namespace")]
fn cancel(namespace: &str) -> Command {
    let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        namespace: namespace.to_owned(),
        workflow_id: "elsewhere".to_owned(),
        ..Default::default()
    };
    command(
        CommandType::RequestCancelExternalWorkflowExecution,
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes),
    )
}

async fn a_signal_to_another_namespace_is_refused_and_the_run_goes_on(world: &World) -> Result<()> {
    refused(world, signal, "BadSignalWorkflowExecutionAttributes").await
}

async fn a_cancel_request_to_another_namespace_is_refused_and_the_run_goes_on(
    world: &World,
) -> Result<()> {
    let cause = "BadRequestCancelExternalWorkflowExecutionAttributes";
    refused(world, cancel, cause).await
}

/// The command to another namespace fails its task, and the next answer of the worker ends the run.
async fn refused(world: &World, to: fn(&str) -> Command, cause: &str) -> Result<()> {
    let mut service = world.service().await?;
    let other = unique("namespace");
    let day = durably_proto::wkt::Duration {
        seconds: 86_400,
        nanos: 0,
    };
    let register = RegisterNamespaceRequest {
        namespace: other.clone(),
        workflow_execution_retention_period: Some(day),
        ..Default::default()
    };
    service.register_namespace(register).await?;
    let answer = format!("InvalidArgument: {cause}: cross namespace commands are not allowed");
    let run = eventually("a namespace that was registered is known", || {
        let mut service = service.clone();
        let (other, answer) = (&other, &answer);
        async move {
            let run = start(world, &mut service).await.ok()?;
            let task = workflow_task(&mut service, &world.queue).await.ok()?;
            let found = ended(complete(&mut service, &task, vec![to(other)], vec![]).await);
            if found == *answer {
                return Some(run);
            }
            terminate(&mut service, &run).await.ok()?;
            None
        }
    });
    let run = run.await;
    let next = workflow_task(&mut service, &world.queue).await?;
    assert_eq!(next.attempt, 2);
    complete(&mut service, &next, vec![complete_workflow()], vec![]).await?;
    let expected = [
        Event::WorkflowExecutionStarted,
        Event::WorkflowTaskScheduled,
        Event::WorkflowTaskStarted,
        Event::WorkflowTaskFailed,
        Event::WorkflowTaskScheduled,
        Event::WorkflowTaskStarted,
        Event::WorkflowTaskCompleted,
        Event::WorkflowExecutionCompleted,
    ];
    assert_eq!(event_types(&mut service, &run).await?, expected);
    Ok(())
}

async fn start(world: &World, service: &mut Service) -> Result<String> {
    let request = world.start_request();
    let id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    Ok(id)
}
