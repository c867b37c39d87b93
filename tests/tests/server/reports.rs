//! Reports of workers: retried, timed out, terminated or refused.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{command::Attributes, *},
    common::v1::{ActivityType, RetryPolicy},
    enums::v1::{CommandType, EventType, RetryState, TimeoutType, WorkflowTaskFailedCause},
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::v1::{HistoryEvent, history_event::Attributes as Event},
    workflowservice::v1::*,
};
use durably_proto::wkt::Duration;
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, Service, ended, events, execution, task_queue, terminate, within, workflow_task,
    },
};
use futures::future::join_all;

on_both_servers! {
    the_delay_that_a_failed_activity_requests_is_kept
    an_eager_activity_past_schedule_to_close_times_out
    an_eager_activity_of_a_lost_worker_goes_to_another_one
    a_report_to_a_closed_run_is_refused
    a_task_whose_message_is_too_large_terminates_the_run
    the_signal_after_the_last_allowed_one_is_refused_for_good
}

/// Starts a workflow whose first task schedules the activity `a`: its id, and what the task returned.
async fn scheduled(
    world: &World,
    service: &mut Service,
    change: impl FnOnce(&mut ScheduleActivityTaskCommandAttributes),
) -> Result<(String, RespondWorkflowTaskCompletedResponse)> {
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let task = workflow_task(service, &world.queue).await?;
    let mut activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".to_owned(),
        activity_type: Some(ActivityType {
            name: "Activity".to_owned(),
        }),
        task_queue: task_queue(&world.queue),
        start_to_close_timeout: seconds(60),
        ..Default::default()
    };
    change(&mut activity);
    let completed = service
        .respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token,
            commands: vec![Command {
                command_type: CommandType::ScheduleActivityTask.into(),
                attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)),
                ..Default::default()
            }],
            ..Default::default()
        })
        .await?;
    Ok((workflow_id, completed.into_inner()))
}

async fn activity_token(world: &World, service: &mut Service) -> Result<Vec<u8>> {
    let polled = service
        .poll_activity_task_queue(within(
            60,
            PollActivityTaskQueueRequest {
                namespace: NAMESPACE.to_owned(),
                task_queue: task_queue(&world.queue),
                ..Default::default()
            },
        ))
        .await?;
    Ok(polled.into_inner().task_token)
}

fn seconds(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

fn failure(next_retry_delay: Option<Duration>) -> Option<Failure> {
    Some(Failure {
        message: "busy".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(
            ApplicationFailureInfo {
                next_retry_delay,
                ..Default::default()
            },
        )),
        ..Default::default()
    })
}

async fn the_delay_that_a_failed_activity_requests_is_kept(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for (maximum, budget, delay, interval) in [
        (seconds(10), None, seconds(600), seconds(600)),
        (None, None, seconds(600), seconds(600)),
        (seconds(10), None, seconds(5), seconds(5)),
        (seconds(10), None, None, seconds(1)),
        // The activity closes as failed instead.
        (seconds(10), None, seconds(0), None),
        (seconds(10), seconds(60), seconds(600), None),
    ] {
        let (workflow_id, _) = scheduled(world, &mut service, |activity| {
            activity.schedule_to_close_timeout = budget;
            activity.retry_policy = Some(RetryPolicy {
                maximum_interval: maximum,
                ..Default::default()
            });
        })
        .await?;
        let failed = RespondActivityTaskFailedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: activity_token(world, &mut service).await?,
            failure: failure(delay),
            ..Default::default()
        };
        service.respond_activity_task_failed(failed).await?;
        let described = service
            .describe_workflow_execution(DescribeWorkflowExecutionRequest {
                namespace: NAMESPACE.to_owned(),
                execution: execution(&workflow_id),
            })
            .await?
            .into_inner();
        let pending = described.pending_activities.first();
        // The real server reads its clock twice: the interval is some microseconds longer.
        assert_eq!(
            pending
                .and_then(|activity| activity.current_retry_interval)
                .map(|interval| interval.seconds),
            interval.map(|interval| interval.seconds),
            "{delay:?}"
        );
        if interval.is_none() {
            let state = events(&mut service, &workflow_id)
                .await?
                .into_iter()
                .find_map(|event| match event.attributes {
                    Some(Event::ActivityTaskFailedEventAttributes(failed)) => {
                        Some(failed.retry_state())
                    }
                    _ => None,
                });
            assert_eq!(state, Some(RetryState::Timeout), "{delay:?}");
        }
        terminate(&mut service, &workflow_id).await?;
    }
    Ok(())
}

async fn an_eager_activity_past_schedule_to_close_times_out(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let (workflow_id, completed) = scheduled(world, &mut service, |activity| {
        activity.request_eager_execution = true;
        activity.schedule_to_close_timeout = seconds(1);
        activity.retry_policy = Some(RetryPolicy {
            maximum_attempts: 1,
            ..Default::default()
        });
    })
    .await?;
    assert_eq!(completed.activity_tasks.len(), 1);
    // The timeout wakes the workflow.
    workflow_task(&mut service, &world.queue).await?;
    let timed_out = events(&mut service, &workflow_id)
        .await?
        .into_iter()
        .find_map(|event| match event.attributes {
            Some(Event::ActivityTaskTimedOutEventAttributes(timed_out)) => Some(timed_out),
            _ => None,
        })
        .expect("the activity timed out");
    assert_eq!(timed_out.retry_state(), RetryState::Timeout);
    match timed_out.failure.and_then(|failure| failure.failure_info) {
        Some(FailureInfo::TimeoutFailureInfo(info)) => {
            assert_eq!(info.timeout_type(), TimeoutType::ScheduleToClose);
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

async fn an_eager_activity_of_a_lost_worker_goes_to_another_one(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let (workflow_id, completed) = scheduled(world, &mut service, |activity| {
        activity.request_eager_execution = true;
        activity.start_to_close_timeout = seconds(1);
    })
    .await?;
    let [lost] = &completed.activity_tasks[..] else {
        panic!("one activity is handed out: {completed:?}");
    };
    assert_eq!(lost.attempt, 1);
    // Its worker says nothing; the next attempt waits on the queue.
    let token = activity_token(world, &mut service).await?;
    let late = RespondActivityTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: lost.task_token.clone(),
        ..Default::default()
    };
    let late = ended(service.respond_activity_task_completed(late).await);
    assert!(late.starts_with("NotFound"), "{late}");
    let completed = RespondActivityTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: token,
        ..Default::default()
    };
    service.respond_activity_task_completed(completed).await?;
    let events = events(&mut service, &workflow_id).await?;
    let started = events.into_iter().find_map(|event| match event.attributes {
        Some(Event::ActivityTaskStartedEventAttributes(started)) => Some(started.attempt),
        _ => None,
    });
    assert_eq!(started, Some(2));
    terminate(&mut service, &workflow_id).await
}

async fn a_report_to_a_closed_run_is_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let (workflow_id, _) = scheduled(world, &mut service, |_| {}).await?;
    let task_token = activity_token(world, &mut service).await?;
    terminate(&mut service, &workflow_id).await?;
    let namespace = NAMESPACE.to_owned();
    let mut answers = vec![
        ended(
            service
                .respond_activity_task_completed(RespondActivityTaskCompletedRequest {
                    namespace: namespace.clone(),
                    task_token: task_token.clone(),
                    ..Default::default()
                })
                .await,
        ),
        ended(
            service
                .respond_activity_task_failed(RespondActivityTaskFailedRequest {
                    namespace: namespace.clone(),
                    task_token: task_token.clone(),
                    failure: failure(None),
                    ..Default::default()
                })
                .await,
        ),
        ended(
            service
                .respond_activity_task_canceled(RespondActivityTaskCanceledRequest {
                    namespace: namespace.clone(),
                    task_token: task_token.clone(),
                    ..Default::default()
                })
                .await,
        ),
        ended(
            service
                .record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest {
                    namespace: namespace.clone(),
                    task_token,
                    ..Default::default()
                })
                .await,
        ),
    ];
    for activity_id in ["a", "unknown"] {
        let activity_id = activity_id.to_owned();
        answers.extend([
            ended(
                service
                    .respond_activity_task_completed_by_id(
                        RespondActivityTaskCompletedByIdRequest {
                            namespace: namespace.clone(),
                            workflow_id: workflow_id.clone(),
                            activity_id: activity_id.clone(),
                            ..Default::default()
                        },
                    )
                    .await,
            ),
            ended(
                service
                    .respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest {
                        namespace: namespace.clone(),
                        workflow_id: workflow_id.clone(),
                        activity_id: activity_id.clone(),
                        failure: failure(None),
                        ..Default::default()
                    })
                    .await,
            ),
            ended(
                service
                    .respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest {
                        namespace: namespace.clone(),
                        workflow_id: workflow_id.clone(),
                        activity_id: activity_id.clone(),
                        ..Default::default()
                    })
                    .await,
            ),
            ended(
                service
                    .record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest {
                        namespace: namespace.clone(),
                        workflow_id: workflow_id.clone(),
                        activity_id,
                        ..Default::default()
                    })
                    .await,
            ),
        ]);
    }
    for answer in answers {
        assert_eq!(answer, "NotFound: workflow execution already completed");
    }
    Ok(())
}

fn terminated(events: &[HistoryEvent]) -> Option<(&str, &str)> {
    match events.last()?.attributes.as_ref()? {
        Event::WorkflowExecutionTerminatedEventAttributes(event) => {
            Some((&event.reason, &event.identity))
        }
        _ => None,
    }
}

async fn a_task_whose_message_is_too_large_terminates_the_run(world: &World) -> Result<()> {
    use WorkflowTaskFailedCause as Cause;
    let mut service = world.service().await?;
    // The history records only the first failure; the server writes its own where it is the first.
    for (before, recorded) in [
        (vec![], Cause::ForceCloseCommand),
        (
            vec![Cause::WorkflowWorkerUnhandledFailure],
            Cause::WorkflowWorkerUnhandledFailure,
        ),
    ] {
        let request = world.start_request();
        let workflow_id = request.workflow_id.clone();
        service.start_workflow_execution(request).await?;
        for cause in before.into_iter().chain([Cause::GrpcMessageTooLarge]) {
            let task = workflow_task(&mut service, &world.queue).await?;
            let failed = RespondWorkflowTaskFailedRequest {
                namespace: NAMESPACE.to_owned(),
                task_token: task.task_token,
                cause: cause.into(),
                ..Default::default()
            };
            service.respond_workflow_task_failed(failed).await?;
        }
        let events = events(&mut service, &workflow_id).await?;
        assert_eq!(
            terminated(&events),
            Some(("GrpcMessageTooLarge", "history-service"))
        );
        let failed: Vec<_> = events
            .iter()
            .filter(|event| event.event_type() == EventType::WorkflowTaskFailed)
            .filter_map(|event| match &event.attributes {
                Some(Event::WorkflowTaskFailedEventAttributes(failed)) => Some(failed.cause()),
                _ => None,
            })
            .collect();
        assert_eq!(failed, [recorded]);
    }
    Ok(())
}

async fn the_signal_after_the_last_allowed_one_is_refused_for_good(world: &World) -> Result<()> {
    const REFUSED: &str = "InvalidArgument: exceeded workflow execution limit for signal events";
    let mut service = world.service().await?;
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    let start = SignalWithStartWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_id: workflow_id.clone(),
        workflow_type: request.workflow_type.clone(),
        task_queue: request.task_queue.clone(),
        signal_name: "signal".to_owned(),
        ..Default::default()
    };
    service.start_workflow_execution(request).await?;
    let signal = || SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(&workflow_id),
        signal_name: "signal".to_owned(),
        ..Default::default()
    };
    for _ in 0..100 {
        let sent = (0..100).map(|_| {
            let mut service = service.clone();
            let signal = signal();
            async move { service.signal_workflow_execution(signal).await }
        });
        for sent in join_all(sent).await {
            sent?;
        }
    }
    assert_eq!(
        ended(service.signal_workflow_execution(signal()).await),
        REFUSED
    );
    assert_eq!(
        ended(service.signal_with_start_workflow_execution(start).await),
        REFUSED
    );
    terminate(&mut service, &workflow_id).await
}
