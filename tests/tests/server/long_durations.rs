//! Durations beyond what servers record: they are cut, in events, too.

use durably::prelude::*;
use durably_proto::{
    api::{
        command::v1::{
            ScheduleActivityTaskCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
            StartTimerCommandAttributes, command::Attributes,
        },
        common::v1::{ActivityType, RetryPolicy, WorkflowType},
        enums::v1::CommandType,
        history::v1::history_event::Attributes as Event,
    },
    wkt,
};
use durably_tests::{
    World, on_both_servers,
    raw::{command, complete, events, task_queue, terminate, workflow_task},
    unique,
};

on_both_servers! {
    durations_are_cut_to_a_hundred_years
}

const YEAR: i64 = 365 * 24 * 60 * 60;

const fn duration(seconds: i64) -> Option<wkt::Duration> {
    Some(wkt::Duration { seconds, nanos: 0 })
}

async fn durations_are_cut_to_a_hundred_years(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let mut start = world.start_request();
    start.workflow_execution_timeout = duration(200 * YEAR);
    start.workflow_run_timeout = duration(i64::MAX);
    start.retry_policy = Some(RetryPolicy {
        initial_interval: duration(200 * YEAR),
        maximum_interval: duration(300 * YEAR),
        ..Default::default()
    });
    let id = start.workflow_id.clone();
    service.start_workflow_execution(start).await?;

    let timer = StartTimerCommandAttributes {
        timer_id: "1".to_owned(),
        start_to_fire_timeout: Some(wkt::Duration {
            seconds: i64::MAX,
            nanos: 999_999_999,
        }),
    };
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "2".to_owned(),
        activity_type: Some(ActivityType {
            name: "wait".to_owned(),
        }),
        task_queue: task_queue(&world.queue),
        schedule_to_close_timeout: duration(200 * YEAR),
        heartbeat_timeout: duration(101 * YEAR),
        retry_policy: Some(RetryPolicy {
            initial_interval: duration(101 * YEAR),
            maximum_interval: duration(200 * YEAR),
            ..Default::default()
        }),
        ..Default::default()
    };
    let child = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: unique("child"),
        workflow_type: Some(WorkflowType {
            name: "Child".to_owned(),
        }),
        workflow_run_timeout: duration(200 * YEAR),
        ..Default::default()
    };
    let task = workflow_task(&mut service, &world.queue).await?;
    let commands = vec![
        command(
            CommandType::StartTimer,
            Attributes::StartTimerCommandAttributes(timer),
        ),
        command(
            CommandType::ScheduleActivityTask,
            Attributes::ScheduleActivityTaskCommandAttributes(activity),
        ),
        command(
            CommandType::StartChildWorkflowExecution,
            Attributes::StartChildWorkflowExecutionCommandAttributes(child),
        ),
    ];
    complete(&mut service, &task, commands, Vec::new()).await?;

    let longest = duration(100 * YEAR);
    let mut seen = 0;
    for event in events(&mut service, &id).await? {
        match event.attributes {
            Some(Event::WorkflowExecutionStartedEventAttributes(it)) => {
                assert_eq!(it.workflow_execution_timeout, longest);
                assert_eq!(it.workflow_run_timeout, longest);
                let retry = it.retry_policy.unwrap_or_default();
                assert_eq!(retry.initial_interval, longest);
                assert_eq!(retry.maximum_interval, longest);
            }
            Some(Event::TimerStartedEventAttributes(it)) => {
                assert_eq!(it.start_to_fire_timeout, longest);
            }
            Some(Event::ActivityTaskScheduledEventAttributes(it)) => {
                assert_eq!(it.schedule_to_close_timeout, longest);
                assert_eq!(it.schedule_to_start_timeout, longest);
                assert_eq!(it.heartbeat_timeout, longest);
                let retry = it.retry_policy.unwrap_or_default();
                assert_eq!(retry.initial_interval, longest);
                assert_eq!(retry.maximum_interval, longest);
            }
            Some(Event::StartChildWorkflowExecutionInitiatedEventAttributes(it)) => {
                assert_eq!(it.workflow_run_timeout, longest);
            }
            _ => continue,
        }
        seen += 1;
    }
    assert_eq!(seen, 4);
    terminate(&mut service, &id).await
}
