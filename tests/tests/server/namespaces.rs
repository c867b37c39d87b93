//! Invalid namespaces, and requests without one.

use durably::prelude::*;
use durably_proto::api::{
    enums::v1::QueryResultType, query::v1::WorkflowQuery,
    replication::v1::ClusterReplicationConfig, workflowservice::v1::*,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{NAMESPACE, complete, ended, execution, terminate, workflow_task},
    unique,
};

use super::names::{duration, long};

on_both_servers! {
    a_namespace_with_a_wrong_field_is_refused
    a_request_without_its_namespace_is_refused
    an_answer_in_another_namespace_than_the_task_is_refused
}

async fn a_namespace_with_a_wrong_field_is_refused(world: &World) -> Result<()> {
    type Change = fn(&mut RegisterNamespaceRequest);
    const NO_RETENTION: &str = "InvalidArgument: A valid retention period is not set on request.";
    let mut service = world.service().await?;
    let table: &[(Change, &str)] = &[
        (
            |r| r.workflow_execution_retention_period = None,
            NO_RETENTION,
        ),
        (
            |r| r.workflow_execution_retention_period = Some(duration(0, 0)),
            NO_RETENTION,
        ),
        (
            |r| r.workflow_execution_retention_period = Some(duration(-5, 0)),
            NO_RETENTION,
        ),
        (
            |r| r.workflow_execution_retention_period = Some(duration(86_400, -1)),
            NO_RETENTION,
        ),
        // The development server accepts less than a day.
        (
            |r| r.workflow_execution_retention_period = Some(duration(3600, 0)),
            "OK",
        ),
        (
            |r| r.namespace.clear(),
            "InvalidArgument: Namespace not set on request.",
        ),
        (
            |r| r.namespace = long(),
            "InvalidArgument: Namespace length exceeds limit.",
        ),
        (
            |r| r.namespace = "default".to_owned(),
            "AlreadyExists: Namespace \"default\" already exists",
        ),
        (
            |r| r.namespace = "temporal-system".to_owned(),
            "AlreadyExists: Namespace \"temporal-system\" already exists",
        ),
        (
            |r| r.is_global_namespace = true,
            "InvalidArgument: Cannot register global namespace when not enabled",
        ),
        (
            |r| {
                r.clusters = vec![ClusterReplicationConfig {
                    cluster_name: "elsewhere".to_owned(),
                    ..Default::default()
                }];
            },
            "InvalidArgument: Invalid cluster name: elsewhere",
        ),
    ];
    for (change, answer) in table {
        let mut request = RegisterNamespaceRequest {
            namespace: unique("namespace"),
            workflow_execution_retention_period: Some(duration(86_400, 0)),
            ..Default::default()
        };
        change(&mut request);
        assert_eq!(ended(service.register_namespace(request).await), *answer);
    }
    let described = service
        .describe_namespace(DescribeNamespaceRequest::default())
        .await;
    assert_eq!(
        ended(described),
        "InvalidArgument: Namespace not set on request."
    );
    Ok(())
}

async fn a_request_without_its_namespace_is_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for (namespace, answer) in [
        ("", "InvalidArgument: Namespace is empty."),
        (&*long(), "InvalidArgument: Namespace length exceeds limit."),
        ("nowhere", "NotFound: Namespace nowhere is not found."),
    ] {
        let mut start = world.start_request();
        start.namespace = namespace.to_owned();
        assert_eq!(ended(service.start_workflow_execution(start).await), answer);
        let list = ListWorkflowExecutionsRequest {
            namespace: namespace.to_owned(),
            ..Default::default()
        };
        assert_eq!(ended(service.list_workflow_executions(list).await), answer);
    }
    Ok(())
}

async fn an_answer_in_another_namespace_than_the_task_is_refused(world: &World) -> Result<()> {
    const REFUSED: &str =
        "InvalidArgument: Operation requested with a token from a different namespace.";
    let mut service = world.service().await?;
    let other = unique("namespace");
    let request = RegisterNamespaceRequest {
        namespace: other.clone(),
        workflow_execution_retention_period: Some(duration(86_400, 0)),
        ..Default::default()
    };
    service.register_namespace(request).await?;
    // The real server knows it a while after it has registered it.
    eventually("the namespace is known", || {
        let mut service = service.clone();
        let request = CountWorkflowExecutionsRequest {
            namespace: other.clone(),
            ..Default::default()
        };
        async move { service.count_workflow_executions(request).await.ok() }
    })
    .await;
    let start = world.start_request();
    let id = start.workflow_id.clone();
    service.start_workflow_execution(start).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let completed = RespondWorkflowTaskCompletedRequest {
        namespace: other.clone(),
        task_token: task.task_token.clone(),
        ..Default::default()
    };
    let completed = service.respond_workflow_task_completed(completed).await;
    assert_eq!(ended(completed), REFUSED);
    let failed = RespondWorkflowTaskFailedRequest {
        namespace: other.clone(),
        task_token: task.task_token.clone(),
        ..Default::default()
    };
    let failed = service.respond_workflow_task_failed(failed).await;
    assert_eq!(ended(failed), REFUSED);
    complete(&mut service, &task, vec![], vec![]).await?;
    let querying = tokio::spawn({
        let (mut service, id) = (service.clone(), id.clone());
        async move {
            let query = QueryWorkflowRequest {
                namespace: NAMESPACE.to_owned(),
                execution: execution(&id),
                query: Some(WorkflowQuery {
                    query_type: "state".to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            };
            service.query_workflow(query).await
        }
    });
    let query = workflow_task(&mut service, &world.queue).await?;
    let answer = |namespace: &str| RespondQueryTaskCompletedRequest {
        namespace: namespace.to_owned(),
        task_token: query.task_token.clone(),
        completed_type: QueryResultType::Answered.into(),
        ..Default::default()
    };
    let refused = service.respond_query_task_completed(answer(&other)).await;
    assert_eq!(ended(refused), REFUSED);
    service
        .respond_query_task_completed(answer(NAMESPACE))
        .await?;
    querying.await.expect("it does not panic")?;
    terminate(&mut service, &id).await?;
    Ok(())
}
