//! Namespaces: their updates and deletion, wrong fields, and requests without one.

use durably::{error::HandleError, prelude::*};
use durably_proto::{
    api::{
        enums::v1::{NamespaceState, QueryResultType, ReplicationState},
        namespace::v1::{NamespaceConfig, NamespaceFilter, UpdateNamespaceInfo},
        operatorservice::v1::DeleteNamespaceRequest,
        query::v1::WorkflowQuery,
        replication::v1::{ClusterReplicationConfig, NamespaceReplicationConfig},
        workflowservice::v1::*,
    },
    service::operator::operator_service_client::OperatorServiceClient,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{NAMESPACE, Service, complete, ended, execution, terminate, within, workflow_task},
    unique,
};

use super::names::{duration, long};

on_both_servers! {
    a_namespace_with_a_wrong_field_is_refused
    a_request_without_its_namespace_is_refused
    an_answer_in_another_namespace_than_the_task_is_refused
    a_namespace_is_updated
    a_wrong_update_of_a_namespace_is_refused
    a_deprecated_namespace_starts_no_workflows
    a_namespace_is_deleted_under_its_workers
    a_worker_of_a_namespace_that_is_registered_again_works_or_says_why_not
    a_wrong_deletion_of_a_namespace_is_refused
}

/// Registers a namespace and waits until all of the server knows it.
async fn registered(service: &mut Service) -> Result<String> {
    let namespace = unique("namespace");
    let request = RegisterNamespaceRequest {
        namespace: namespace.clone(),
        workflow_execution_retention_period: Some(duration(86_400, 0)),
        data: [("a".to_owned(), "1".to_owned())].into(),
        ..Default::default()
    };
    service.register_namespace(request).await?;
    known(service, &namespace).await;
    Ok(namespace)
}

/// Waits until all of the server knows a namespace: the real one knows it a while after it has
/// registered it.
async fn known(service: &Service, namespace: &str) {
    eventually("the namespace is known", || {
        let mut service = service.clone();
        let request = CountWorkflowExecutionsRequest {
            namespace: namespace.to_owned(),
            ..Default::default()
        };
        async move { service.count_workflow_executions(request).await.ok() }
    })
    .await;
}

async fn operator(world: &World) -> Result<OperatorServiceClient<tonic::transport::Channel>> {
    Ok(OperatorServiceClient::connect(format!("http://{}", world.address())).await?)
}

async fn a_namespace_is_updated(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let namespace = registered(&mut service).await?;
    let update = |change: fn(&mut UpdateNamespaceRequest)| {
        let mut request = UpdateNamespaceRequest {
            namespace: namespace.clone(),
            ..Default::default()
        };
        change(&mut request);
        request
    };
    // What is not set stays.
    let unchanged = service.update_namespace(update(|_| {})).await?.into_inner();
    let described = DescribeNamespaceRequest {
        namespace: namespace.clone(),
        ..Default::default()
    };
    let before = service.describe_namespace(described.clone()).await?;
    let before = before.into_inner();
    assert_eq!(
        (&unchanged.namespace_info, &unchanged.config),
        (&before.namespace_info, &before.config)
    );
    let changes: [fn(&mut UpdateNamespaceRequest); 2] = [
        |r| {
            r.update_info = Some(UpdateNamespaceInfo {
                description: "sells".to_owned(),
                owner_email: "a@example.com".to_owned(),
                data: [("a", ""), ("b", "2")]
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
                ..Default::default()
            });
        },
        |r| {
            r.config = Some(NamespaceConfig {
                workflow_execution_retention_ttl: Some(duration(3600, 0)),
                ..Default::default()
            });
        },
    ];
    for change in changes {
        service.update_namespace(update(change)).await?;
    }
    let after = service.describe_namespace(described).await?.into_inner();
    let info = after.namespace_info.unwrap_or_default();
    assert_eq!(
        (&*info.description, &*info.owner_email),
        ("sells", "a@example.com")
    );
    let data: std::collections::BTreeMap<_, _> = info.data.into_iter().collect();
    let data: Vec<_> = data.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(data, [("a", ""), ("b", "2")]);
    let config = after.config.unwrap_or_default();
    assert_eq!(
        config.workflow_execution_retention_ttl,
        Some(duration(3600, 0))
    );
    deleted(world, &namespace).await?;
    Ok(())
}

/// Deletes a namespace; returns its new name.
async fn deleted(world: &World, namespace: &str) -> Result<String> {
    let request = DeleteNamespaceRequest {
        namespace: namespace.to_owned(),
        ..Default::default()
    };
    let deleted = operator(world).await?.delete_namespace(request).await?;
    Ok(deleted.into_inner().deleted_namespace)
}

async fn a_wrong_update_of_a_namespace_is_refused(world: &World) -> Result<()> {
    type Change = fn(&mut UpdateNamespaceRequest);
    const NO_RETENTION: &str = "InvalidArgument: A valid retention period is not set on request.";
    let mut service = world.service().await?;
    let namespace = registered(&mut service).await?;
    let promoted = format!(
        "InvalidArgument: global namespace is not enabled on this cluster, cannot update global namespace or promote local namespace: {namespace}"
    );
    let table: &[(Change, &str)] = &[
        (
            |r| r.namespace.clear(),
            "InvalidArgument: Namespace not set on request.",
        ),
        (
            |r| r.namespace = "nowhere".to_owned(),
            "NotFound: Namespace nowhere is not found.",
        ),
        (
            |r| {
                r.config = Some(NamespaceConfig {
                    workflow_execution_retention_ttl: Some(duration(0, 0)),
                    ..Default::default()
                });
            },
            NO_RETENTION,
        ),
        (
            |r| {
                r.config = Some(NamespaceConfig {
                    workflow_execution_retention_ttl: Some(duration(-5, 0)),
                    ..Default::default()
                });
            },
            NO_RETENTION,
        ),
        (|r| r.promote_namespace = true, &promoted),
        (
            |r| r.delete_bad_binary = "x".to_owned(),
            "InvalidArgument: Bad binary checksum x doesn't exists.",
        ),
        (
            |r| {
                r.replication_config = Some(NamespaceReplicationConfig {
                    active_cluster_name: "elsewhere".to_owned(),
                    ..Default::default()
                });
            },
            "InvalidArgument: Invalid cluster name: elsewhere",
        ),
        (
            |r| {
                r.replication_config = Some(NamespaceReplicationConfig {
                    state: ReplicationState::Handover.into(),
                    ..Default::default()
                });
            },
            "InvalidArgument: Handover can only be set for global namespace",
        ),
        (
            |r| {
                r.update_info = Some(UpdateNamespaceInfo {
                    state: 9,
                    ..Default::default()
                });
            },
            "InvalidArgument: Invalid namespace state update.",
        ),
    ];
    for (change, answer) in table {
        let mut request = UpdateNamespaceRequest {
            namespace: namespace.clone(),
            ..Default::default()
        };
        change(&mut request);
        assert_eq!(ended(service.update_namespace(request).await), *answer);
    }
    deleted(world, &namespace).await?;
    Ok(())
}

async fn a_deprecated_namespace_starts_no_workflows(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let namespace = registered(&mut service).await?;
    let mut start = world.start_request();
    start.namespace = namespace.clone();
    service.start_workflow_execution(start.clone()).await?;
    let request = DeprecateNamespaceRequest {
        namespace: namespace.clone(),
        ..Default::default()
    };
    service.deprecate_namespace(request).await?;
    let answer = eventually("the state is known", || {
        let mut service = service.clone();
        let start = StartWorkflowExecutionRequest {
            workflow_id: unique("late"),
            ..start.clone()
        };
        async move { service.start_workflow_execution(start).await.err() }
    })
    .await;
    assert_eq!(
        format!("{:?}: {}", answer.code(), answer.message()),
        "FailedPrecondition: Namespace has invalid state: Deprecated. Must be Registered."
    );
    // What has started goes on.
    let signal = SignalWorkflowExecutionRequest {
        namespace: namespace.clone(),
        workflow_execution: execution(&start.workflow_id),
        signal_name: "go".to_owned(),
        ..Default::default()
    };
    service.signal_workflow_execution(signal).await?;
    let back = UpdateNamespaceRequest {
        namespace: namespace.clone(),
        update_info: Some(UpdateNamespaceInfo {
            state: NamespaceState::Registered.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(
        ended(service.update_namespace(back).await),
        "InvalidArgument: Invalid namespace state update."
    );
    deleted(world, &namespace).await?;
    Ok(())
}

async fn a_namespace_is_deleted_under_its_workers(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let namespace = registered(&mut service).await?;
    let client = world.client.in_namespace(&namespace);
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Waits>()
        .spawn()
        .await?;
    let handle = Waits::start(&client).task_queue(&world.queue).await?;
    let id = handle.id().to_owned();
    eventually("the worker has begun", || async {
        let events = client.handle(&id).history().await.ok()?;
        (events.events().len() >= 4).then_some(())
    })
    .await;
    let deleted_name = deleted(world, &namespace).await?;
    assert!(deleted_name.starts_with(&format!("{namespace}-deleted-")));
    let not_found = format!("NotFound: Namespace {namespace} is not found.");
    eventually("the deletion is known", || {
        let mut service = service.clone();
        let request = DescribeWorkflowExecutionRequest {
            namespace: namespace.clone(),
            execution: execution(&id),
        };
        let not_found = not_found.clone();
        async move {
            let described = ended(service.describe_workflow_execution(request).await);
            (described == not_found).then_some(())
        }
    })
    .await;
    // The parts of the real server learn of the deletion one after another.
    eventually("polls are refused", || {
        let mut service = service.clone();
        let poll = PollWorkflowTaskQueueRequest {
            namespace: namespace.clone(),
            task_queue: durably_tests::raw::task_queue(&world.queue),
            ..Default::default()
        };
        let not_found = not_found.clone();
        async move {
            let polled = service.poll_workflow_task_queue(within(2, poll)).await;
            (ended(polled) == not_found).then_some(())
        }
    })
    .await;
    // A worker may have stopped by itself, because its namespace is not there.
    worker.shutdown().await.ok();
    // A list names it while it is removed, if the client asks for deleted ones.
    let lists = service.clone();
    let listed = |include_deleted| {
        let mut service = lists.clone();
        let request = ListNamespacesRequest {
            page_size: 1000,
            namespace_filter: Some(NamespaceFilter { include_deleted }),
            ..Default::default()
        };
        async move { service.list_namespaces(request).await }
    };
    let names: Vec<_> = listed(false).await?.into_inner().namespaces;
    let mut names = names.into_iter().filter_map(|it| it.namespace_info);
    assert!(!names.any(|info| info.name.starts_with(&namespace)));
    // The name is free, and what is new under it has none of the old workflows.
    let again = RegisterNamespaceRequest {
        namespace: namespace.clone(),
        workflow_execution_retention_period: Some(duration(86_400, 0)),
        ..Default::default()
    };
    service.register_namespace(again).await?;
    known(&service, &namespace).await;
    let described = client.handle(&id).describe().await;
    assert!(
        matches!(described, Err(HandleError::NotFound(_))),
        "{described:?}"
    );
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Waits>()
        .spawn()
        .await?;
    let handle = Waits::start(&client).task_queue(&world.queue).await?;
    handle.go().await?;
    handle.result().await?;
    eventually("the old one is removed", || async {
        let namespaces = listed(true).await.ok()?.into_inner().namespaces;
        let mut infos = namespaces.into_iter().filter_map(|it| it.namespace_info);
        (!infos.any(|info| info.name == deleted_name)).then_some(())
    })
    .await;
    worker.shutdown().await?;
    deleted(world, &namespace).await?;
    Ok(())
}

async fn a_worker_of_a_namespace_that_is_registered_again_works_or_says_why_not(
    world: &World,
) -> Result<()> {
    let mut service = world.service().await?;
    let namespace = registered(&mut service).await?;
    let client = world.client.in_namespace(&namespace);
    let worker = Worker::new(&client, &world.queue).workflow::<Waits>();
    let worker = worker.spawn().await?;
    let first = Waits::start(&client).task_queue(&world.queue).await?;
    first.go().await?;
    first.result().await?;
    deleted(world, &namespace).await?;
    eventually("it is registered again", || {
        let mut service = service.clone();
        let again = RegisterNamespaceRequest {
            namespace: namespace.clone(),
            workflow_execution_retention_period: Some(duration(86_400, 0)),
            ..Default::default()
        };
        async move { service.register_namespace(again).await.ok() }
    })
    .await;
    // The real server takes starts for the old one for a while, and polls that it holds for that end after a minute.
    let works = async {
        loop {
            let start = Waits::start(&client).task_queue(&world.queue);
            let Ok(second) = start.await else {
                tokio::time::sleep(millis(100)).await;
                continue;
            };
            let went = second.go().await.is_ok();
            if went && second.result().timeout(secs(3)).await.is_ok() {
                break;
            }
        }
    };
    let worked = tokio::time::timeout(secs(90), works).await;
    let stopped = worker.shutdown().await;
    match worked {
        Ok(()) => stopped?,
        Err(_) => {
            let stopped = stopped.expect_err("a worker that takes no tasks has failed");
            let text = stopped.to_string();
            let reason = format!("there is no namespace `{namespace}`");
            assert!(text.contains(&reason), "{text}");
        }
    }
    deleted(world, &namespace).await?;
    Ok(())
}

/// Waits for a signal.
#[derive(Default)]
struct Waits {
    went: bool,
}

#[workflow]
impl Waits {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.wait_until(|| self.went).await?)
    }

    #[signal]
    fn go(&mut self) {
        self.went = true;
    }
}

async fn a_wrong_deletion_of_a_namespace_is_refused(world: &World) -> Result<()> {
    let mut operator = operator(world).await?;
    let table = [
        ("", "", "InvalidArgument: Namespace not set on request."),
        (
            "default",
            "an id",
            "InvalidArgument: Only one of namespace name or Id should be set on request.",
        ),
        ("nowhere", "", "NotFound: Namespace nowhere is not found."),
        ("", "no id", "NotFound: Namespace no id is not found."),
        (
            "temporal-system",
            "",
            "FailedPrecondition: unable to delete system namespace",
        ),
    ];
    for (namespace, namespace_id, answer) in table {
        let request = DeleteNamespaceRequest {
            namespace: namespace.to_owned(),
            namespace_id: namespace_id.to_owned(),
            ..Default::default()
        };
        assert_eq!(ended(operator.delete_namespace(request).await), answer);
    }
    Ok(())
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
    let other = registered(&mut service).await?;
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
