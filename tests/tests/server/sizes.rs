//! Blobs and messages that are too large: what is refused, with which text, and what comes of the run.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{command::Attributes, *},
    common::v1::{ActivityType, Memo},
    enums::v1::{CommandType, EventType, QueryResultType},
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::v1::{HistoryEvent, history_event::Attributes as Event},
    query::v1::WorkflowQuery,
    workflowservice::v1::*,
};
use durably_proto::wkt::Duration;
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, Service, ended, events, execution, payload, payloads, task_queue, within,
        workflow_task,
    },
};
use tonic::codec::CompressionEncoding;

on_both_servers! {
    a_message_over_four_mebibytes_is_refused
    a_large_blob_in_a_request_is_refused
    a_large_blob_in_a_command_ends_the_run
    a_large_blob_in_a_report_fails_the_activity
    a_large_answer_fails_the_query
    a_name_in_a_command_that_is_too_long_fails_the_task
}

const LIMIT: usize = 2 * 1024 * 1024;

async fn a_message_over_four_mebibytes_is_refused(world: &World) -> Result<()> {
    let plain = world.service().await?;
    let gzip = plain.clone().send_compressed(CompressionEncoding::Gzip);
    for (mut service, text) in [
        (plain, "grpc: received message larger than max ("),
        // It is small on its way, and large once it is read.
        (
            gzip,
            "grpc: received message after decompression larger than max 4194304",
        ),
    ] {
        let mut request = world.start_request();
        request.input = payloads(2 * LIMIT);
        let ended = ended(service.start_workflow_execution(request).await);
        assert!(
            ended.starts_with(&format!("ResourceExhausted: {text}")),
            "{ended}"
        );
    }
    Ok(())
}

async fn a_large_blob_in_a_request_is_refused(world: &World) -> Result<()> {
    const BLOB: &str = "InvalidArgument: Blob data size exceeds limit.";
    const MEMO: &str = "InvalidArgument: Memo size exceeds limit.";
    let memo = || {
        Some(Memo {
            fields: [("note".to_owned(), payload(LIMIT))].into(),
        })
    };
    let mut service = world.service().await?;
    let mut start = world.start_request();
    start.input = payloads(LIMIT);
    assert_eq!(ended(service.start_workflow_execution(start).await), BLOB);
    let mut start = world.start_request();
    start.memo = memo();
    assert_eq!(ended(service.start_workflow_execution(start).await), MEMO);
    let with_start = |change: fn(&mut SignalWithStartWorkflowExecutionRequest)| {
        let start = world.start_request();
        let mut request = SignalWithStartWorkflowExecutionRequest {
            namespace: start.namespace,
            workflow_id: start.workflow_id,
            workflow_type: start.workflow_type,
            task_queue: start.task_queue,
            signal_name: "signal".to_owned(),
            ..Default::default()
        };
        change(&mut request);
        request
    };
    for request in [
        with_start(|request| request.input = payloads(LIMIT)),
        with_start(|request| request.signal_input = payloads(LIMIT)),
    ] {
        let ended = ended(service.signal_with_start_workflow_execution(request).await);
        assert_eq!(ended, BLOB);
    }
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let signal = SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(&workflow_id),
        signal_name: "signal".to_owned(),
        input: payloads(LIMIT),
        ..Default::default()
    };
    assert_eq!(ended(service.signal_workflow_execution(signal).await), BLOB);
    let query = query(&workflow_id, LIMIT);
    assert_eq!(ended(service.query_workflow(query).await), BLOB);
    Ok(())
}

fn query(workflow_id: &str, bytes: usize) -> QueryWorkflowRequest {
    QueryWorkflowRequest {
        namespace: NAMESPACE.to_owned(),
        execution: execution(workflow_id),
        query: Some(WorkflowQuery {
            query_type: "query".to_owned(),
            query_args: payloads(bytes),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Starts a workflow and answers its first task with one command: how that ended, and the history.
async fn commanded(
    world: &World,
    service: &mut Service,
    kind: CommandType,
    attributes: Attributes,
) -> Result<(String, Vec<HistoryEvent>)> {
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let task = workflow_task(service, &world.queue).await?;
    let completed = RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.task_token,
        commands: vec![Command {
            command_type: kind.into(),
            attributes: Some(attributes),
            ..Default::default()
        }],
        ..Default::default()
    };
    let ended = ended(service.respond_workflow_task_completed(completed).await);
    let events = events(service, &workflow_id).await?;
    // Its next task would reach the next case.
    service
        .terminate_workflow_execution(TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(&workflow_id),
            ..Default::default()
        })
        .await
        .ok();
    Ok((ended, events))
}

fn schedule(change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes)) -> Attributes {
    let mut attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: "activity".to_owned(),
        activity_type: Some(ActivityType {
            name: "work".to_owned(),
        }),
        task_queue: task_queue("work"),
        start_to_close_timeout: Some(Duration {
            seconds: 60,
            nanos: 0,
        }),
        ..Default::default()
    };
    change(&mut attributes);
    Attributes::ScheduleActivityTaskCommandAttributes(attributes)
}

async fn a_large_blob_in_a_command_ends_the_run(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let memo = || {
        Some(Memo {
            fields: [("note".to_owned(), payload(LIMIT))].into(),
        })
    };
    for (kind, attributes, text) in [
        (
            CommandType::CompleteWorkflowExecution,
            Attributes::CompleteWorkflowExecutionCommandAttributes(
                CompleteWorkflowExecutionCommandAttributes {
                    result: payloads(LIMIT),
                },
            ),
            "BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.",
        ),
        (
            CommandType::FailWorkflowExecution,
            Attributes::FailWorkflowExecutionCommandAttributes(
                FailWorkflowExecutionCommandAttributes {
                    failure: Some(failure(LIMIT)),
                },
            ),
            "BadFailWorkflowExecutionAttributes: FailWorkflowExecutionCommandAttributes.Failure exceeds size limit.",
        ),
        (
            CommandType::ContinueAsNewWorkflowExecution,
            Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(
                ContinueAsNewWorkflowExecutionCommandAttributes {
                    input: payloads(LIMIT),
                    ..Default::default()
                },
            ),
            "BadContinueAsNewAttributes: ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit.",
        ),
        (
            CommandType::ContinueAsNewWorkflowExecution,
            Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(
                ContinueAsNewWorkflowExecutionCommandAttributes {
                    memo: memo(),
                    ..Default::default()
                },
            ),
            "BadContinueAsNewAttributes: ContinueAsNewWorkflowExecutionCommandAttributes. Memo exceeds size limit.",
        ),
        (
            CommandType::ScheduleActivityTask,
            schedule(|attributes| attributes.input = payloads(LIMIT)),
            "BadScheduleActivityAttributes: ScheduleActivityTaskCommandAttributes.Input exceeds size limit.",
        ),
        (
            CommandType::RecordMarker,
            Attributes::RecordMarkerCommandAttributes(RecordMarkerCommandAttributes {
                marker_name: "marker".to_owned(),
                details: ["a", "b"]
                    .map(|key| (key.to_owned(), payloads(LIMIT / 2).unwrap_or_default()))
                    .into(),
                ..Default::default()
            }),
            "BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit.",
        ),
        (
            CommandType::ModifyWorkflowProperties,
            Attributes::ModifyWorkflowPropertiesCommandAttributes(
                ModifyWorkflowPropertiesCommandAttributes {
                    upserted_memo: memo(),
                },
            ),
            "BadModifyWorkflowPropertiesAttributes: ModifyWorkflowPropertiesCommandAttributes exceeds size limit.",
        ),
    ] {
        let (ended, events) = commanded(world, &mut service, kind, attributes).await?;
        assert_eq!(ended, format!("InvalidArgument: {text}"));
        let Some(Event::WorkflowExecutionTerminatedEventAttributes(terminated)) =
            events.into_iter().last().and_then(|event| event.attributes)
        else {
            panic!("{text}: the run is not terminated");
        };
        assert_eq!(terminated.reason, text);
        assert_eq!(terminated.identity, "history-service");
    }
    Ok(())
}

async fn a_name_in_a_command_that_is_too_long_fails_the_task(world: &World) -> Result<()> {
    let long = || "a".repeat(1001);
    let mut service = world.service().await?;
    for (kind, attributes, text) in [
        (
            CommandType::ScheduleActivityTask,
            schedule(|it| it.activity_id.clear()),
            "BadScheduleActivityAttributes: activityId is not set".to_owned(),
        ),
        (
            CommandType::ScheduleActivityTask,
            schedule(|it| it.activity_id = long()),
            "BadScheduleActivityAttributes: activityId exceeds length limit. Length=1001 Limit=1000"
                .to_owned(),
        ),
        (
            CommandType::ScheduleActivityTask,
            schedule(|it| it.activity_type = None),
            "BadScheduleActivityAttributes: activityType is not set".to_owned(),
        ),
        (
            CommandType::ScheduleActivityTask,
            schedule(|it| it.task_queue = task_queue(&long())),
            "BadScheduleActivityAttributes: taskQueue length exceeds limit".to_owned(),
        ),
        (
            CommandType::ScheduleActivityTask,
            schedule(|it| it.task_queue = task_queue("/_sys/work")),
            "BadScheduleActivityAttributes: task queue name cannot start with reserved prefix /_sys/"
                .to_owned(),
        ),
        (
            CommandType::ScheduleActivityTask,
            schedule(|it| it.priority.get_or_insert_default().priority_key = -1),
            "BadScheduleActivityAttributes: invalid priorities: priority key can't be negative"
                .to_owned(),
        ),
        (
            CommandType::RecordMarker,
            Attributes::RecordMarkerCommandAttributes(RecordMarkerCommandAttributes {
                marker_name: long(),
                ..Default::default()
            }),
            format!(
                "BadRecordMarkerAttributes: MarkerName on RecordMarkerCommand exceeds length limit. MarkerName={} Length=1001 Limit=1000",
                long()
            ),
        ),
        (
            CommandType::ContinueAsNewWorkflowExecution,
            Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(
                ContinueAsNewWorkflowExecutionCommandAttributes {
                    workflow_type: Some(durably_proto::api::common::v1::WorkflowType {
                        name: long(),
                    }),
                    ..Default::default()
                },
            ),
            format!(
                "BadContinueAsNewAttributes: WorkflowType on ContinueAsNewWorkflowExecutionCommand exceeds length limit. WorkflowType={} Length=1001 Limit=1000",
                long()
            ),
        ),
    ] {
        let (ended, events) = commanded(world, &mut service, kind, attributes).await?;
        assert_eq!(ended, format!("InvalidArgument: {text}"));
        let failed = events
            .iter()
            .any(|event| event.event_type() == EventType::WorkflowTaskFailed);
        assert!(failed, "{text}");
    }
    Ok(())
}

fn failure(bytes: usize) -> Failure {
    Failure {
        message: "x".repeat(bytes),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(
            ApplicationFailureInfo::default(),
        )),
        ..Default::default()
    }
}

async fn a_large_blob_in_a_report_fails_the_activity(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for (report, text) in [
        ("complete", "Complete result exceeds size limit."),
        ("fail", "Failure exceeds size limit."),
        ("cancel", "Cancel details exceed size limit."),
        ("heartbeat", "Heartbeat details exceed size limit."),
    ] {
        let request = world.start_request();
        let workflow_id = request.workflow_id.clone();
        service.start_workflow_execution(request).await?;
        let task = workflow_task(&mut service, &world.queue).await?;
        service
            .respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest {
                namespace: NAMESPACE.to_owned(),
                task_token: task.task_token,
                commands: vec![Command {
                    command_type: CommandType::ScheduleActivityTask.into(),
                    attributes: Some(schedule(|it| it.task_queue = task_queue(&world.queue))),
                    ..Default::default()
                }],
                ..Default::default()
            })
            .await?;
        let task_token = service
            .poll_activity_task_queue(within(
                60,
                PollActivityTaskQueueRequest {
                    namespace: NAMESPACE.to_owned(),
                    task_queue: task_queue(&world.queue),
                    ..Default::default()
                },
            ))
            .await?
            .into_inner()
            .task_token;
        let namespace = NAMESPACE.to_owned();
        match report {
            "complete" => {
                let request = RespondActivityTaskCompletedRequest {
                    namespace,
                    task_token,
                    result: payloads(LIMIT),
                    ..Default::default()
                };
                service.respond_activity_task_completed(request).await?;
            }
            "fail" => {
                let request = RespondActivityTaskFailedRequest {
                    namespace,
                    task_token,
                    failure: Some(failure(LIMIT)),
                    ..Default::default()
                };
                service.respond_activity_task_failed(request).await?;
            }
            "cancel" => {
                let request = RespondActivityTaskCanceledRequest {
                    namespace,
                    task_token,
                    details: payloads(LIMIT),
                    ..Default::default()
                };
                service.respond_activity_task_canceled(request).await?;
            }
            _ => {
                let request = RecordActivityTaskHeartbeatRequest {
                    namespace,
                    task_token,
                    details: payloads(LIMIT),
                    ..Default::default()
                };
                let answer = service.record_activity_task_heartbeat(request).await?;
                assert!(answer.into_inner().cancel_requested);
            }
        }
        let failed = events(&mut service, &workflow_id)
            .await?
            .into_iter()
            .find_map(|event| match event.attributes {
                Some(Event::ActivityTaskFailedEventAttributes(failed)) => failed.failure,
                _ => None,
            })
            .unwrap_or_else(|| panic!("{report}: the activity has not failed"));
        assert_eq!(failed.message, text);
        assert!(matches!(
            failed.failure_info,
            Some(FailureInfo::ServerFailureInfo(info)) if info.non_retryable
        ));
        service
            .terminate_workflow_execution(TerminateWorkflowExecutionRequest {
                namespace: NAMESPACE.to_owned(),
                workflow_execution: execution(&workflow_id),
                ..Default::default()
            })
            .await?;
    }
    Ok(())
}

async fn a_large_answer_fails_the_query(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    service
        .respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token,
            ..Default::default()
        })
        .await?;
    let long = "x".repeat(LIMIT);
    for (answer, expected) in [
        (
            RespondQueryTaskCompletedRequest {
                completed_type: QueryResultType::Answered.into(),
                query_result: payloads(LIMIT),
                ..Default::default()
            },
            "Blob data size exceeds limit.".to_owned(),
        ),
        (
            RespondQueryTaskCompletedRequest {
                completed_type: QueryResultType::Failed.into(),
                error_message: long,
                ..Default::default()
            },
            // As much as fits into the headers of HTTP/2.
            format!("{}... <truncated>", "x".repeat(3985)),
        ),
    ] {
        let asked = tokio::spawn({
            let mut service = service.clone();
            let query = query(&workflow_id, 1);
            async move { ended(service.query_workflow(query).await) }
        });
        let task = workflow_task(&mut service, &world.queue).await?;
        let answer = RespondQueryTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token,
            ..answer
        };
        service.respond_query_task_completed(answer).await?;
        let ended = asked.await.expect("the query ends");
        assert_eq!(ended, format!("InvalidArgument: {expected}"));
    }
    Ok(())
}
