//! Names, ids and other fields of requests that no server accepts, with the text each answers.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::{Priority, RetryPolicy, WorkflowExecution, WorkflowType},
    enums::v1::{TaskQueueKind, WorkflowIdConflictPolicy},
    query::v1::WorkflowQuery,
    replication::v1::ClusterReplicationConfig,
    taskqueue::v1::TaskQueue,
    update::v1::{Input, Meta, Request, UpdateRef},
    workflowservice::v1::*,
};
use durably_proto::wkt::Duration;
use durably_tests::{
    World, on_both_servers,
    raw::{NAMESPACE, ended, execution, task_queue, within},
    unique,
};

on_both_servers! {
    a_run_id_that_is_no_uuid_is_refused
    every_spelling_of_a_run_id_finds_the_run
    a_start_with_a_wrong_field_is_refused
    a_signal_with_start_with_a_wrong_field_is_refused
    a_message_with_a_wrong_field_is_refused
    a_poll_of_a_wrong_queue_is_refused
    a_report_by_a_wrong_id_is_refused
    a_namespace_with_a_wrong_field_is_refused
    a_request_without_its_namespace_is_refused
    the_first_run_id_sorts_by_time
}

fn long() -> String {
    "a".repeat(1001)
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

async fn a_start_with_a_wrong_field_is_refused(world: &World) -> Result<()> {
    type Change = fn(&mut StartWorkflowExecutionRequest);
    let mut service = world.service().await?;
    let table: &[(Change, &str)] = &[
        (
            |r| r.workflow_id.clear(),
            "WorkflowId is not set on request.",
        ),
        (
            |r| r.workflow_id = long(),
            "WorkflowId exceeds maximum allowed length (1001/1000)",
        ),
        (
            |r| r.workflow_type = None,
            "WorkflowType is not set on request.",
        ),
        (
            |r| r.workflow_type = Some(WorkflowType { name: long() }),
            "WorkflowType length exceeds limit.",
        ),
        (|r| r.task_queue = None, "taskQueue is not set"),
        (|r| r.task_queue = task_queue(""), "missing task queue name"),
        (
            |r| r.task_queue = task_queue(&long()),
            "taskQueue length exceeds limit",
        ),
        // Bytes count, not characters.
        (
            |r| r.task_queue = task_queue(&"ü".repeat(501)),
            "taskQueue length exceeds limit",
        ),
        (
            |r| r.task_queue = task_queue("/_sys/queue/1"),
            "task queue name cannot start with reserved prefix /_sys/",
        ),
        (
            |r| r.task_queue = task_queue("temporal-sys-per-ns-tq"),
            "cannot use internal per-namespace task queue:temporal-sys-per-ns-tq",
        ),
        (|r| r.request_id = long(), "RequestId length exceeds limit."),
        (
            |r| r.workflow_execution_timeout = Some(duration(-1, 0)),
            "An invalid WorkflowExecutionTimeoutSeconds is set on request. cause: negative duration",
        ),
        (
            |r| r.workflow_run_timeout = Some(duration(1, -1)),
            "An invalid WorkflowRunTimeoutSeconds is set on request. cause: duration has seconds and nanos with different signs",
        ),
        (
            |r| r.workflow_task_timeout = Some(duration(0, -5)),
            "An invalid WorkflowTaskTimeoutSeconds is set on request. cause: negative duration",
        ),
        (
            |r| r.workflow_start_delay = Some(duration(-1, 0)),
            "An invalid WorkflowStartDelaySeconds is set on request. cause: negative duration",
        ),
        (
            |r| {
                r.retry_policy = Some(RetryPolicy {
                    initial_interval: Some(duration(-1, 0)),
                    ..Default::default()
                });
            },
            "invalid InitialInterval set on retry policy: negative duration",
        ),
        (
            |r| {
                r.retry_policy = Some(RetryPolicy {
                    maximum_interval: Some(duration(-1, 0)),
                    ..Default::default()
                });
            },
            "invalid MaximumInterval set on retry policy: negative duration",
        ),
        (
            |r| {
                r.retry_policy = Some(RetryPolicy {
                    non_retryable_error_types: vec!["TemporalTimeout:Foo".to_owned()],
                    ..Default::default()
                });
            },
            "Invalid timeout type value: Foo.",
        ),
        (
            |r| {
                r.priority = Some(Priority {
                    priority_key: -1,
                    ..Default::default()
                });
            },
            "priority key can't be negative",
        ),
        (
            |r| {
                r.priority = Some(Priority {
                    fairness_key: "a".repeat(65),
                    ..Default::default()
                });
            },
            "fairness key length exceeds limit",
        ),
        (
            |r| {
                r.priority = Some(Priority {
                    fairness_weight: -1.0,
                    ..Default::default()
                });
            },
            "must be greater than zero",
        ),
    ];
    for (change, text) in table {
        let mut request = world.start_request();
        change(&mut request);
        let answer = ended(service.start_workflow_execution(request).await);
        assert_eq!(answer, format!("InvalidArgument: {text}"));
    }
    // A name of the full length is none too long.
    let mut request = world.start_request();
    request.workflow_id = format!("{:x<1000}", request.workflow_id);
    request.workflow_type = Some(WorkflowType {
        name: "a".repeat(1000),
    });
    service.start_workflow_execution(request).await?;
    Ok(())
}

async fn a_signal_with_start_with_a_wrong_field_is_refused(world: &World) -> Result<()> {
    type Change = fn(&mut SignalWithStartWorkflowExecutionRequest);
    let mut service = world.service().await?;
    let table: &[(Change, &str)] = &[
        (|r| r.signal_name.clear(), "signal not set"),
        (
            |r| r.signal_name = long(),
            "signal name exceeds maximum allowed length (1001/1000)",
        ),
        (
            |r| r.workflow_id = long(),
            "WorkflowId exceeds maximum allowed length (1001/1000)",
        ),
        (|r| r.workflow_type = None, "workflow type not set"),
        (
            |r| r.workflow_type = Some(WorkflowType { name: long() }),
            "workflow type name exceeds maximum allowed length (1001/1000)",
        ),
        (
            |r| r.request_id = long(),
            "Request ID exceeds maximum allowed length (1001/1000)",
        ),
        (
            |r| r.task_queue = task_queue("/_sys/queue"),
            "task queue name cannot start with reserved prefix /_sys/",
        ),
        (
            |r| r.set_workflow_id_conflict_policy(WorkflowIdConflictPolicy::Fail),
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported for this operation.",
        ),
    ];
    for (change, text) in table {
        let mut request = SignalWithStartWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_id: unique("workflow"),
            workflow_type: Some(WorkflowType {
                name: "Raw".to_owned(),
            }),
            task_queue: task_queue(&world.queue),
            signal_name: "signal".to_owned(),
            ..Default::default()
        };
        change(&mut request);
        let answer = ended(service.signal_with_start_workflow_execution(request).await);
        assert_eq!(answer, format!("InvalidArgument: {text}"));
    }
    Ok(())
}

async fn a_message_with_a_wrong_field_is_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let namespace = NAMESPACE.to_owned();
    let signal = |name: &str, request_id: String| SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution("absent"),
        signal_name: name.to_owned(),
        request_id,
        ..Default::default()
    };
    for (request, text) in [
        (
            signal("", String::new()),
            "SignalName is not set on request.",
        ),
        (
            signal(&long(), String::new()),
            "SignalName length exceeds limit.",
        ),
        (signal("signal", long()), "RequestId length exceeds limit."),
    ] {
        let answer = ended(service.signal_workflow_execution(request).await);
        assert_eq!(answer, format!("InvalidArgument: {text}"));
    }
    for (query, text) in [
        (None, "WorkflowQuery is not set on request."),
        (
            Some(WorkflowQuery::default()),
            "QueryType is not set on request.",
        ),
    ] {
        let request = QueryWorkflowRequest {
            namespace: namespace.clone(),
            execution: execution("absent"),
            query,
            ..Default::default()
        };
        let answer = ended(service.query_workflow(request).await);
        assert_eq!(answer, format!("InvalidArgument: {text}"));
    }
    let meta = |id: &str| {
        Some(Meta {
            update_id: id.to_owned(),
            ..Default::default()
        })
    };
    let input = |name: &str| {
        Some(Input {
            name: name.to_owned(),
            ..Default::default()
        })
    };
    for (meta, input, text) in [
        (None, input("update"), "Update meta is not set on request."),
        (meta("id"), None, "Update input is not set on request."),
        (meta("id"), input(""), "Update name is not set on request."),
        (
            meta(&long()),
            input("update"),
            "UpdateId length exceeds limit.",
        ),
    ] {
        let request = UpdateWorkflowExecutionRequest {
            namespace: namespace.clone(),
            workflow_execution: execution("absent"),
            request: Some(Request {
                meta,
                input,
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = ended(service.update_workflow_execution(request).await);
        assert_eq!(answer, format!("InvalidArgument: {text}"));
    }
    let polled = |named| PollWorkflowExecutionUpdateRequest {
        namespace: NAMESPACE.to_owned(),
        update_ref: Some(UpdateRef {
            workflow_execution: named,
            update_id: "id".to_owned(),
        }),
        ..Default::default()
    };
    let nonsense = WorkflowExecution {
        workflow_id: "absent".to_owned(),
        run_id: "nonsense".to_owned(),
    };
    for (request, text) in [
        (polled(Some(nonsense)), "RunId is not valid UUID."),
        (
            polled(None),
            "Can't load workflow execution.  WorkflowId not set.",
        ),
    ] {
        let answer = ended(service.poll_workflow_execution_update(request).await);
        assert_eq!(answer, format!("InvalidArgument: {text}"));
    }
    Ok(())
}

async fn a_poll_of_a_wrong_queue_is_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let sticky = |name: String| {
        Some(TaskQueue {
            name,
            kind: TaskQueueKind::Sticky.into(),
            ..Default::default()
        })
    };
    for (queue, identity, text) in [
        (None, "", "taskQueue is not set"),
        (task_queue(""), "", "missing task queue name"),
        (task_queue(&long()), "", "taskQueue length exceeds limit"),
        (sticky(long()), "", "taskQueue length exceeds limit"),
        (
            task_queue("/_sys/queue"),
            "",
            "task queue name cannot start with reserved prefix /_sys/",
        ),
        (
            task_queue(&world.queue),
            &*long(),
            "Identity length exceeds limit.",
        ),
    ] {
        let workflow = PollWorkflowTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: queue.clone(),
            identity: identity.to_owned(),
            ..Default::default()
        };
        let activity = PollActivityTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: queue.clone(),
            identity: identity.to_owned(),
            ..Default::default()
        };
        let nexus = PollNexusTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: queue.clone(),
            identity: identity.to_owned(),
            ..Default::default()
        };
        let expected = format!("InvalidArgument: {text}");
        let polled = service.poll_workflow_task_queue(within(5, workflow)).await;
        assert_eq!(ended(polled), expected);
        let polled = service.poll_activity_task_queue(within(5, activity)).await;
        assert_eq!(ended(polled), expected);
        let polled = service.poll_nexus_task_queue(within(5, nexus)).await;
        assert_eq!(ended(polled), expected);
    }
    Ok(())
}

async fn a_report_by_a_wrong_id_is_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for (workflow_id, run_id, activity_id, identity, answer) in [
        (
            "absent",
            "",
            "",
            "",
            "InvalidArgument: ActivityId is not set on request.",
        ),
        ("", "", "a", "", "NotFound: activity not found for ID: a"),
        (
            "absent",
            "nonsense",
            "a",
            "",
            "InvalidArgument: RunId is not valid UUID.",
        ),
        (
            "absent",
            "",
            "a",
            "",
            "NotFound: workflow not found for ID: absent",
        ),
        (
            "absent",
            "",
            "a",
            &*long(),
            "InvalidArgument: Identity length exceeds limit.",
        ),
    ] {
        let completed = RespondActivityTaskCompletedByIdRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
            activity_id: activity_id.to_owned(),
            identity: identity.to_owned(),
            ..Default::default()
        };
        let ended = ended(
            service
                .respond_activity_task_completed_by_id(completed)
                .await,
        );
        assert_eq!(ended, answer);
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

fn duration(seconds: i64, nanos: i32) -> Duration {
    Duration { seconds, nanos }
}
