//! Commands of one workflow task that depend on each other: scheduled and cancelled in the same
//! task.

use durably::prelude::*;
use durably_proto::api::{
    command::v1::{Command, command::Attributes, *},
    common::v1::ActivityType,
    enums::v1::CommandType,
    history::v1::{HistoryEvent, history_event::Attributes as Event},
    workflowservice::v1::*,
};
use durably_proto::wkt::Duration;
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, Service, command, complete_workflow, ended, events, task_queue, terminate,
        within, workflow_task,
    },
};

on_both_servers! {
    a_task_can_cancel_what_it_schedules
    a_request_to_cancel_twice_depends_on_who_has_the_activity
}

fn sixty_seconds() -> Option<Duration> {
    Some(Duration {
        seconds: 60,
        nanos: 0,
    })
}

/// Schedules activity `a`.
fn schedule(world: &World, request_eager_execution: bool) -> Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".to_owned(),
        activity_type: Some(ActivityType {
            name: "Activity".to_owned(),
        }),
        task_queue: task_queue(&world.queue),
        start_to_close_timeout: sixty_seconds(),
        request_eager_execution,
        ..Default::default()
    };
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(attributes),
    )
}

fn cancel(scheduled_event_id: i64) -> Command {
    command(
        CommandType::RequestCancelActivityTask,
        Attributes::RequestCancelActivityTaskCommandAttributes(
            RequestCancelActivityTaskCommandAttributes { scheduled_event_id },
        ),
    )
}

/// Starts timer `t`.
fn start_timer() -> Command {
    let attributes = StartTimerCommandAttributes {
        timer_id: "t".to_owned(),
        start_to_fire_timeout: sixty_seconds(),
    };
    command(
        CommandType::StartTimer,
        Attributes::StartTimerCommandAttributes(attributes),
    )
}

fn cancel_timer() -> Command {
    let attributes = CancelTimerCommandAttributes {
        timer_id: "t".to_owned(),
    };
    command(
        CommandType::CancelTimer,
        Attributes::CancelTimerCommandAttributes(attributes),
    )
}

/// The id, type and links of each event after a task's completion.
fn lines(events: &[HistoryEvent], completed: usize) -> Vec<String> {
    events[completed..]
        .iter()
        .map(|event| {
            let links = match &event.attributes {
                Some(Event::ActivityTaskCancelRequestedEventAttributes(it)) => {
                    format!(" of {}", it.scheduled_event_id)
                }
                Some(Event::ActivityTaskCanceledEventAttributes(it)) => {
                    let details = it.details.as_ref().map(|it| it.payloads[0].data.as_slice());
                    assert_eq!(details, Some(br#""ACTIVITY_ID_NOT_STARTED""#.as_slice()));
                    let (of, by) = (it.scheduled_event_id, it.latest_cancel_requested_event_id);
                    format!(" of {of} by {by}")
                }
                Some(Event::TimerCanceledEventAttributes(it)) => {
                    format!(" of {}", it.started_event_id)
                }
                _ => String::new(),
            };
            format!("{} {:?}{links}", event.event_id, event.event_type())
        })
        .collect()
}

async fn respond(
    service: &mut Service,
    task: PollWorkflowTaskQueueResponse,
    commands: Vec<Command>,
    force_create_new_workflow_task: bool,
) -> String {
    let completed = RespondWorkflowTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.task_token,
        commands,
        force_create_new_workflow_task,
        ..Default::default()
    };
    ended(service.respond_workflow_task_completed(completed).await)
}

async fn a_task_can_cancel_what_it_schedules(world: &World) -> Result<()> {
    const REFUSED: &str = "InvalidArgument: BadRequestCancelActivityAttributes: invalid history \
         builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: 6";
    let mut service = world.service().await?;
    let schedule = |eager| schedule(world, eager);
    for (commands, expected) in [
        (
            vec![schedule(false), cancel(5)],
            Ok(
                "5 ActivityTaskScheduled, 6 ActivityTaskCancelRequested of 5, \
                7 ActivityTaskCanceled of 5 by 6, 8 WorkflowTaskScheduled",
            ),
        ),
        (
            vec![schedule(true), cancel(5)],
            Ok(
                "5 ActivityTaskScheduled, 6 ActivityTaskCancelRequested of 5, \
                7 ActivityTaskCanceled of 5 by 6, 8 WorkflowTaskScheduled",
            ),
        ),
        (
            vec![start_timer(), schedule(false), cancel(6)],
            Ok(
                "5 TimerStarted, 6 ActivityTaskScheduled, 7 ActivityTaskCancelRequested of 6, \
                8 ActivityTaskCanceled of 6 by 7, 9 WorkflowTaskScheduled",
            ),
        ),
        (
            vec![schedule(false), cancel(5), cancel(5)],
            Ok(
                "5 ActivityTaskScheduled, 6 ActivityTaskCancelRequested of 5, \
                7 ActivityTaskCancelRequested of 5, 8 ActivityTaskCanceled of 5 by 6, \
                9 WorkflowTaskScheduled",
            ),
        ),
        (
            vec![schedule(false), cancel(5), schedule(false)],
            Ok(
                "5 ActivityTaskScheduled, 6 ActivityTaskCancelRequested of 5, \
                7 ActivityTaskScheduled, 8 ActivityTaskCanceled of 5 by 6, \
                9 WorkflowTaskScheduled",
            ),
        ),
        (
            vec![schedule(false), cancel(5), complete_workflow()],
            Ok(
                "5 ActivityTaskScheduled, 6 ActivityTaskCancelRequested of 5, \
                7 WorkflowExecutionCompleted",
            ),
        ),
        (vec![cancel(6), schedule(false)], Err(REFUSED)),
        (
            vec![start_timer(), cancel_timer(), start_timer()],
            Ok("5 TimerStarted, 6 TimerCanceled of 5, 7 TimerStarted"),
        ),
        (
            vec![start_timer(), cancel_timer(), cancel_timer()],
            Err(
                "InvalidArgument: BadCancelTimerAttributes: invalid history builder state for \
                 action: add-timer-canceled-event, TimerID: t",
            ),
        ),
    ] {
        let request = world.start_request();
        let workflow_id = request.workflow_id.clone();
        service.start_workflow_execution(request).await?;
        let task = workflow_task(&mut service, &world.queue).await?;
        let answer = respond(&mut service, task, commands, false).await;
        match expected {
            Ok(expected) => {
                assert_eq!(answer, "OK");
                let events = events(&mut service, &workflow_id).await?;
                assert_eq!(lines(&events, 4).join(", "), expected);
            }
            Err(refusal) => assert_eq!(answer, refusal),
        }
        terminate(&mut service, &workflow_id).await.ok();
    }
    Ok(())
}

async fn a_request_to_cancel_twice_depends_on_who_has_the_activity(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for taken in [false, true] {
        let request = world.start_request();
        let workflow_id = request.workflow_id.clone();
        service.start_workflow_execution(request).await?;
        let task = workflow_task(&mut service, &world.queue).await?;
        let scheduled = respond(&mut service, task, vec![schedule(world, false)], true).await;
        assert_eq!(scheduled, "OK");
        if taken {
            let poll = PollActivityTaskQueueRequest {
                namespace: NAMESPACE.to_owned(),
                task_queue: task_queue(&world.queue),
                ..Default::default()
            };
            let polled = service.poll_activity_task_queue(within(60, poll)).await?;
            assert_eq!(polled.into_inner().activity_id, "a");
        }
        let task = workflow_task(&mut service, &world.queue).await?;
        let answer = respond(&mut service, task, vec![cancel(5), cancel(5)], false).await;
        if taken {
            assert_eq!(
                answer,
                "InvalidArgument: BadRequestCancelActivityAttributes: invalid history builder \
                 state for action: add-activitytask-cancel-requested-event, ScheduledEventID: 5"
            );
        } else {
            assert_eq!(answer, "OK");
            let events = events(&mut service, &workflow_id).await?;
            assert_eq!(
                lines(&events, 8).join(", "),
                "9 ActivityTaskCancelRequested of 5, 10 ActivityTaskCancelRequested of 5, \
                 11 ActivityTaskCanceled of 5 by 9, 12 WorkflowTaskScheduled"
            );
        }
        terminate(&mut service, &workflow_id).await.ok();
    }
    Ok(())
}
