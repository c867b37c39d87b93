//! Cron schedules in time zones: accepted, and at the same moments on both servers.

use durably::prelude::*;
use durably_history::{CronSchedule, Time};
use durably_proto::api::{
    history::v1::history_event::Attributes, workflowservice::v1::TerminateWorkflowExecutionRequest,
};
use durably_tests::{
    World, on_both_servers,
    raw::{NAMESPACE, ended, events, execution},
};

on_both_servers! {
    a_schedule_in_a_time_zone_starts_at_its_local_time
    an_invalid_schedule_is_refused
}

/// The next nights of daylight saving are among these, whenever the test runs: the history core
/// says what each server must answer at this moment.
async fn a_schedule_in_a_time_zone_starts_at_its_local_time(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let mut schedules: Vec<String> = [
        "CRON_TZ=America/New_York 0 3 * * *",
        "TZ=America/New_York 0 3 * * *",
        "CRON_TZ=America/New_York @daily",
        "CRON_TZ=America/New_York @every 1h",
        "CRON_TZ=Local 0 3 * * *",
        "TZ= 0 3 * * *",
        "CRON_TZ=EST 0 3 * * *",
        "TZ=Etc/GMT+5 0 3 * * *",
        "CRON_TZ=Asia/Kathmandu 15 0 * * mon",
        "@every -1s",
        "*-5 0 * * *",
        "?-5-x 0 * * *",
        "0 *-5/2 * * *",
        "0 0 *-2 * mon",
        "1,2,,3 * * * *",
        "0 0 29 2 *",
    ]
    .map(str::to_owned)
    .into();
    for zone in ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"] {
        // Weekends of spring and autumn, each minute that a transition may skip or repeat.
        for time in ["0 0", "30 0", "30 1", "59 1", "0 2", "15 2", "30 2", "0 3"] {
            for month in ["3", "4", "10", "11"] {
                schedules.push(format!("CRON_TZ={zone} {time} * {month} sun,fri"));
            }
        }
        for date in ["14 3", "28 3", "31 10", "7 11", "30 4"] {
            schedules.push(format!("CRON_TZ={zone} 30 2 {date} *"));
        }
    }
    for schedule in schedules {
        let mut request = world.start_request();
        request.cron_schedule.clone_from(&schedule);
        let workflow_id = request.workflow_id.clone();
        service.start_workflow_execution(request).await?;
        let started = events(&mut service, &workflow_id).await?.remove(0);
        let at = Time::from(started.event_time.expect("events have their time"));
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(attributes)) =
            started.attributes
        else {
            panic!("a history begins with its start");
        };
        let backoff = attributes
            .first_workflow_task_backoff
            .expect("a schedule waits");
        let expected = CronSchedule::parse(&schedule)
            .expect("it was accepted")
            .backoff(at, at)
            .expect("it has a time");
        // The event may be a moment younger than the server's decision.
        let off = backoff.seconds - i64::try_from(expected.as_secs()).expect("years at most");
        assert!(
            (0..=1).contains(&off),
            "{schedule}: {backoff:?}, {expected:?}"
        );
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

async fn an_invalid_schedule_is_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let malformed = [
        "nonsense",
        "* * * * * *",
        "@every  1h",
        "@every 1h ",
        "@every",
        "@reboot",
        "60 * * * *",
        "5-1 * * * *",
        "1-2-3 * * * *",
        "5/10/2 * * * *",
        "*/0 * * * *",
        "*/a * * * *",
        "-5 * * * *",
        "5- * * * *",
        "* * * * L",
        "* * * * 1#2",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "   ",
        "@Daily",
        "0 0 * * 7",
        "CRON_TZ=Nowhere/Land 0 3 * * *",
        "CRON_TZ=america/new_york 0 3 * * *",
        " CRON_TZ=UTC 0 3 * * *",
    ];
    let malformed = malformed.map(|schedule| (schedule, "InvalidArgument: invalid CronSchedule."));
    let without_a_time = (
        "0 0 30 2 *",
        "InvalidArgument: invalid CronSchedule, no time can be found to satisfy the schedule",
    );
    for (schedule, answer) in malformed.into_iter().chain([without_a_time]) {
        let mut request = world.start_request();
        request.cron_schedule = schedule.to_owned();
        let ended = ended(service.start_workflow_execution(request).await);
        assert_eq!(ended, answer, "{schedule:?}");
    }
    Ok(())
}
