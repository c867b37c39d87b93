//! Descriptions of runs, field by field.

use durably::prelude::*;
use durably_proto::api::{
    activity::v1::ActivityOptions,
    command::v1::{Command, command::Attributes, *},
    common::v1::{ActivityType, Payloads, Priority, RetryPolicy, WorkerVersionStamp},
    enums::v1::{CommandType, EventType, PendingActivityState, TaskQueueKind},
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    taskqueue::v1::TaskQueue,
    workflow::v1::PendingActivityInfo,
    workflowservice::v1::*,
};
use durably_proto::wkt::Duration;
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, command, complete, describe, execution, payloads, task_queue, terminate, within,
        workflow_task,
    },
    raw_update::{accept, ordered, task_with_update, update_request},
};

on_both_servers! {
    a_run_without_options_is_described
    a_pending_activity_shows_its_options
    a_pending_activity_shows_its_last_attempt
    a_run_shows_the_builds_that_completed_its_tasks
    a_run_that_ended_before_its_first_task_has_a_negative_duration
    an_accepted_update_shows_its_request
}

fn seconds(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

fn priority(priority_key: i32) -> Option<Priority> {
    Some(Priority {
        priority_key,
        ..Default::default()
    })
}

fn schedule(activity: ScheduleActivityTaskCommandAttributes, queue: &str) -> Command {
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_type: Some(ActivityType {
            name: "Activity".to_owned(),
        }),
        task_queue: task_queue(queue),
        ..activity
    };
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(activity),
    )
}

async fn a_run_without_options_is_described(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let request = world.start_request();
    let id = request.workflow_id.clone();
    let request_id = request.request_id.clone();
    service.start_workflow_execution(request).await?;
    let signal = SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(&id),
        signal_name: "signal".to_owned(),
        request_id: "signal-request".to_owned(),
        ..Default::default()
    };
    service.signal_workflow_execution(signal).await?;
    let described = describe(&mut service, &id).await?;
    let config = described.execution_config.unwrap_or_default();
    assert_eq!(config.workflow_execution_timeout, None);
    assert_eq!(config.workflow_run_timeout, None);
    assert_eq!(config.default_workflow_task_timeout, seconds(10));
    let info = described.workflow_execution_info.unwrap_or_default();
    assert_eq!(info.auto_reset_points, Some(Default::default()));
    assert_eq!(info.search_attributes, Some(Default::default()));
    assert_eq!(info.memo, Some(Default::default()));
    let extended = described.workflow_extended_info.unwrap_or_default();
    // The zero of the real server's times, the year 1.
    let expiration = extended.run_expiration_time.map(|time| time.seconds);
    assert_eq!(expiration, Some(-62_135_596_800));
    assert_eq!(extended.execution_expiration_time, None);
    let requests: Vec<_> = extended.request_id_infos.into_keys().collect();
    assert_eq!(requests, [request_id]);
    terminate(&mut service, &id).await
}

async fn a_pending_activity_shows_its_options(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let mut request = world.start_request();
    let id = request.workflow_id.clone();
    request.workflow_run_timeout = seconds(100);
    request.priority = priority(2);
    service.start_workflow_execution(request).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let full = ScheduleActivityTaskCommandAttributes {
        activity_id: "full".to_owned(),
        schedule_to_close_timeout: seconds(30),
        schedule_to_start_timeout: seconds(20),
        start_to_close_timeout: seconds(10),
        heartbeat_timeout: seconds(5),
        priority: priority(1),
        retry_policy: Some(RetryPolicy {
            maximum_attempts: 2,
            ..Default::default()
        }),
        ..Default::default()
    };
    let bare = ScheduleActivityTaskCommandAttributes {
        activity_id: "bare".to_owned(),
        start_to_close_timeout: seconds(60),
        ..Default::default()
    };
    let commands = [full, bare].map(|activity| schedule(activity, &world.queue));
    complete(&mut service, &task, commands.into(), vec![]).await?;
    let described = describe(&mut service, &id).await?;
    let options = |id: &str| {
        let mut pending = described.pending_activities.iter();
        let pending = pending.find(|activity| activity.activity_id == id);
        pending.and_then(|activity| activity.activity_options.clone())
    };
    let queue = Some(TaskQueue {
        name: world.queue.clone(),
        normal_name: world.queue.clone(),
        kind: TaskQueueKind::Unspecified.into(),
    });
    let retry = RetryPolicy {
        initial_interval: seconds(1),
        backoff_coefficient: 2.0,
        maximum_interval: seconds(100),
        ..Default::default()
    };
    assert_eq!(
        options("full"),
        Some(ActivityOptions {
            task_queue: queue.clone(),
            schedule_to_close_timeout: seconds(30),
            schedule_to_start_timeout: seconds(20),
            start_to_close_timeout: seconds(10),
            heartbeat_timeout: seconds(5),
            retry_policy: Some(RetryPolicy {
                maximum_attempts: 2,
                ..retry.clone()
            }),
            priority: priority(1),
            ..Default::default()
        })
    );
    assert_eq!(
        options("bare"),
        Some(ActivityOptions {
            task_queue: queue,
            schedule_to_close_timeout: seconds(100),
            schedule_to_start_timeout: seconds(100),
            start_to_close_timeout: seconds(60),
            heartbeat_timeout: seconds(0),
            retry_policy: Some(retry),
            ..Default::default()
        })
    );
    let start = described
        .workflow_execution_info
        .and_then(|info| info.start_time);
    let expiration = described
        .workflow_extended_info
        .and_then(|info| info.run_expiration_time);
    let seconds = |time: Option<durably_proto::wkt::Timestamp>| time.map(|time| time.seconds);
    assert_eq!(seconds(expiration), seconds(start).map(|start| start + 100));
    terminate(&mut service, &id).await
}

async fn a_pending_activity_shows_its_last_attempt(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let request = world.start_request();
    let id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".to_owned(),
        start_to_close_timeout: seconds(60),
        ..Default::default()
    };
    let commands = vec![schedule(activity, &world.queue)];
    complete(&mut service, &task, commands, vec![]).await?;
    let pending = |described: DescribeWorkflowExecutionResponse| -> PendingActivityInfo {
        let first = described.pending_activities.into_iter().next();
        first.expect("the activity is pending")
    };
    let waiting = pending(describe(&mut service, &id).await?);
    assert_eq!(waiting.state(), PendingActivityState::Scheduled);
    assert_eq!(waiting.last_started_time, None);
    let poll = PollActivityTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: task_queue(&world.queue),
        identity: "worker".to_owned(),
        ..Default::default()
    };
    let polled = service.poll_activity_task_queue(within(60, poll)).await?;
    let started = pending(describe(&mut service, &id).await?);
    assert_eq!(started.state(), PendingActivityState::Started);
    assert!(started.last_started_time.is_some());
    assert_eq!(started.last_worker_identity, "worker");
    let last_heartbeat_details: Option<Payloads> = payloads(1);
    let failed = RespondActivityTaskFailedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: polled.into_inner().task_token,
        failure: Some(Failure {
            message: "busy".to_owned(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(
                ApplicationFailureInfo::default(),
            )),
            ..Default::default()
        }),
        last_heartbeat_details: last_heartbeat_details.clone(),
        ..Default::default()
    };
    service.respond_activity_task_failed(failed).await?;
    let failed = pending(describe(&mut service, &id).await?);
    assert_eq!(failed.state(), PendingActivityState::Scheduled);
    assert_eq!(failed.attempt, 2);
    assert_eq!(failed.heartbeat_details, last_heartbeat_details);
    assert!(failed.last_heartbeat_time.is_some());
    assert_eq!(failed.last_started_time, None);
    assert!(failed.last_attempt_complete_time.is_some());
    assert!(failed.next_attempt_schedule_time.is_some());
    assert_eq!(
        failed.last_failure.map(|failure| failure.message),
        Some("busy".to_owned())
    );
    terminate(&mut service, &id).await
}

async fn a_run_shows_the_builds_that_completed_its_tasks(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let request = world.start_request();
    let id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    for (build_id, expected) in [
        ("", r#"["unversioned"]"#),
        ("one", r#"["unversioned","unversioned:one"]"#),
        (
            "two",
            r#"["unversioned","unversioned:one","unversioned:two"]"#,
        ),
        (
            "one",
            r#"["unversioned","unversioned:one","unversioned:two"]"#,
        ),
        (
            "e\u{301}\"\u{7f}",
            "[\"unversioned\",\"unversioned:one\",\"unversioned:two\",\"unversioned:e\u{301}\\\"\u{7f}\"]",
        ),
    ] {
        let task = workflow_task(&mut service, &world.queue).await?;
        let stamp = WorkerVersionStamp {
            build_id: build_id.to_owned(),
            ..Default::default()
        };
        let completed = RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: task.task_token,
            force_create_new_workflow_task: true,
            ..Default::default()
        };
        #[expect(deprecated, reason = "workers still send it")]
        let completed = RespondWorkflowTaskCompletedRequest {
            worker_version_stamp: (!build_id.is_empty()).then(|| stamp.clone()),
            ..completed
        };
        service.respond_workflow_task_completed(completed).await?;
        let info = describe(&mut service, &id).await?.workflow_execution_info;
        let info = info.unwrap_or_default();
        let builds = info.search_attributes.unwrap_or_default();
        let builds = builds.indexed_fields.get("BuildIds").cloned();
        let builds = builds.unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&builds.data), expected);
        assert_eq!(builds.metadata["type"], b"KeywordList");
        #[expect(deprecated, reason = "servers still fill it")]
        let last = info.most_recent_worker_version_stamp;
        assert_eq!(last.unwrap_or_default().build_id, build_id);
    }
    terminate(&mut service, &id).await
}

async fn a_run_that_ended_before_its_first_task_has_a_negative_duration(
    world: &World,
) -> Result<()> {
    let mut service = world.service().await?;
    let mut request = world.start_request();
    let id = request.workflow_id.clone();
    request.workflow_start_delay = seconds(50);
    service.start_workflow_execution(request).await?;
    terminate(&mut service, &id).await?;
    let info = describe(&mut service, &id).await?.workflow_execution_info;
    let duration = info.unwrap_or_default().execution_duration;
    let duration = duration.expect("a closed run has one");
    assert!((-49..=-40).contains(&duration.seconds), "{duration:?}");
    assert!(duration.nanos < 0, "{duration:?}");
    Ok(())
}

async fn an_accepted_update_shows_its_request(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let start = world.start_request();
    let id = start.workflow_id.clone();
    let start_request = start.request_id.clone();
    service.start_workflow_execution(start).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    complete(&mut service, &task, vec![], vec![]).await?;
    let mut update = update_request(&id);
    update.request.get_or_insert_default().request_id = "update-request".to_owned();
    let mut client = service.clone();
    let sent = tokio::spawn(async move { client.update_workflow_execution(update).await });
    let task = task_with_update(&mut service, &world.queue).await?;
    let messages = vec![accept(&task.messages[0])];
    complete(&mut service, &task, ordered(&messages), messages).await?;
    sent.await??;
    let described = describe(&mut service, &id).await?;
    let extended = described.workflow_extended_info.unwrap_or_default();
    let mut requests: Vec<_> = extended
        .request_id_infos
        .into_iter()
        .map(|(id, info)| (info.event_id, info.event_type(), id))
        .collect();
    requests.sort_by_key(|(event, ..)| *event);
    assert_eq!(
        requests,
        [
            (1, EventType::WorkflowExecutionStarted, start_request),
            (
                8,
                EventType::WorkflowExecutionUpdateAccepted,
                "update-request".to_owned()
            ),
        ]
    );
    // Started, the first task taken and completed, the second completed: an update and the start of
    // its task change nothing that is kept.
    let info = described.workflow_execution_info.unwrap_or_default();
    assert_eq!(info.state_transition_count, 4);
    terminate(&mut service, &id).await
}
