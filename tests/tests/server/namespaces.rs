//! Invalid namespaces, and requests without one.

use durably::prelude::*;
use durably_proto::api::{replication::v1::ClusterReplicationConfig, workflowservice::v1::*};
use durably_tests::{World, on_both_servers, raw::ended, unique};

use super::names::{duration, long};

on_both_servers! {
    a_namespace_with_a_wrong_field_is_refused
    a_request_without_its_namespace_is_refused
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
