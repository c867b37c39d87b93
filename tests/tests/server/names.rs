//! Invalid names, ids and other request fields, with the error text of each.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::{Priority, RetryPolicy, WorkflowExecution, WorkflowType},
    enums::v1::{TaskQueueKind, WorkflowIdConflictPolicy},
    query::v1::WorkflowQuery,
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
    a_start_with_a_wrong_field_is_refused
    a_signal_with_start_with_a_wrong_field_is_refused
    a_message_with_a_wrong_field_is_refused
    a_poll_of_a_wrong_queue_is_refused
    a_report_by_a_wrong_id_is_refused
}

pub(super) fn long() -> String {
    "a".repeat(1001)
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

pub(super) fn duration(seconds: i64, nanos: i32) -> Duration {
    Duration { seconds, nanos }
}
