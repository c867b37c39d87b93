//! Everything that a workflow waits for is skipped to: timers, timeouts, delays, pauses before attempts.

use durably::Result;
use durably_proto::api::{
    command::v1::{ScheduleActivityTaskCommandAttributes, command::Attributes},
    common::v1::{ActivityType, RetryPolicy},
    enums::v1::CommandType,
    workflowservice::v1::{
        PollActivityTaskQueueRequest, RespondActivityTaskCompletedRequest,
        RespondActivityTaskFailedRequest,
    },
};
use durably_proto::wkt;
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{self, NAMESPACE},
    unique,
};

use super::{DAY, Scene, on, seconds, timer};

on_both_servers! {
    a_month_passes_at_once
    timeouts_and_delays_are_skipped_to
    retries_are_skipped_to
}

async fn a_month_passes_at_once(world: &World) -> Result<()> {
    let mut scene = Scene::begun(world, on(), vec![timer("t", 30 * DAY)]).await?;
    scene.work(vec![raw::complete_workflow()]).await?;
    scene
        .assert_lines(&[
            "started on 200",
            "workflow_task",
            "timer_started",
            "time skipped",
            "timer_fired",
            "workflow_task",
            "workflow_execution_completed",
        ])
        .await?;
    let described = raw::describe(&mut scene.service, &scene.id).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    let took = info.execution_duration.unwrap_or_default().seconds;
    assert!((30 * DAY..31 * DAY).contains(&took), "it took {took} s");
    Ok(())
}

async fn timeouts_and_delays_are_skipped_to(world: &World) -> Result<()> {
    let mut scene = Scene::start(world, Some(on()), |request| {
        request.workflow_start_delay = seconds(DAY);
        request.workflow_run_timeout = seconds(DAY);
    })
    .await?;
    scene.work(Vec::new()).await?;
    let lines = eventually("the timeout", || async {
        let mut scene = Scene::of(world, &scene.id).await.ok()?;
        let lines = scene.lines().await.ok()?;
        (lines.len() == 5).then_some(lines)
    })
    .await;
    assert_eq!(
        lines,
        [
            "started on 200",
            "time skipped",
            "workflow_task",
            "time skipped",
            "workflow_execution_timed_out",
        ]
    );
    assert_eq!(scene.ahead().await?, 48);
    Ok(())
}

async fn retries_are_skipped_to(world: &World) -> Result<()> {
    let a_day = || RetryPolicy {
        initial_interval: seconds(DAY),
        maximum_attempts: 2,
        ..RetryPolicy::default()
    };
    let mut scene = Scene::start(world, Some(on()), |request| {
        request.retry_policy = Some(a_day());
    })
    .await?;
    let queue = unique("activities");
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".to_owned(),
        activity_type: Some(ActivityType {
            name: "act".to_owned(),
        }),
        task_queue: raw::task_queue(&queue),
        start_to_close_timeout: seconds(60),
        retry_policy: Some(a_day()),
        ..Default::default()
    };
    let schedule = raw::command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(activity),
    );
    scene.work(vec![schedule]).await?;
    let poll = || {
        let poll = PollActivityTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: raw::task_queue(&queue),
            ..Default::default()
        };
        raw::within(60, poll)
    };
    let service = &mut scene.service;
    let first = service.poll_activity_task_queue(poll()).await?.into_inner();
    let failed = RespondActivityTaskFailedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: first.task_token,
        ..Default::default()
    };
    service.respond_activity_task_failed(failed).await?;
    let second = service.poll_activity_task_queue(poll()).await?.into_inner();
    assert_eq!(second.attempt, 2);
    let began = |task: Option<wkt::Timestamp>| task.unwrap_or_default().seconds;
    let later = began(second.started_time) - began(first.started_time);
    assert!((DAY..2 * DAY).contains(&later), "{later} s later");
    let completed = RespondActivityTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: second.task_token,
        ..Default::default()
    };
    service.respond_activity_task_completed(completed).await?;
    scene.work(vec![raw::fail_workflow()]).await?;
    // The next attempt of the workflow, another day later.
    scene.work(Vec::new()).await?;
    scene
        .assert_lines(&["started on 200", "time skipped", "workflow_task"])
        .await?;
    assert_eq!(scene.ahead().await?, 48);
    scene.terminate().await
}
