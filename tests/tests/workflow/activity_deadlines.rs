//! How an activity ends that is tried until its time is over, and what the server makes of timeouts that exceed it.
//!
//! Whether an attempt is under way at the deadline decides: the timeout ends such an activity, and otherwise the failure of
//! its last attempt does. So each case has an end that does not depend on how fast a server is.

use durably::prelude::*;
use durably_proto::{
    api::{
        failure::v1::{Failure, failure::FailureInfo},
        history::v1::history_event::Attributes,
    },
    wkt,
};
use durably_tests::{World, history, on_both_servers};

#[activity]
async fn fail(number: u32) -> Result<()> {
    bail!("failure {number}")
}

/// Fails at first, and does not end then.
#[activity]
async fn fail_then_wait(ctx: &ActivityCtx) -> Result<()> {
    match ctx.attempt() {
        1 => bail!("the first failure"),
        _ => wait(ctx).await,
    }
}

#[activity]
async fn wait(ctx: &ActivityCtx) -> Result<()> {
    ctx.heartbeat("on its way");
    ctx.cancelled().await;
    Err(Cancelled.into())
}

#[derive(Default)]
struct Deadlines;

#[workflow]
impl Deadlines {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        let often = Retry::attempts(0)
            .initial_interval(millis(300))
            .backoff(1.0);
        let ended = match case.as_str() {
            "fails with a long pause" => {
                let call = fail::call(ctx, 2).schedule_to_close(secs(9));
                call.retry(Retry::attempts(0).initial_interval(secs(10)))
                    .await
            }
            "hangs later" => {
                let call = fail_then_wait::call(ctx).start_to_close(hours(1));
                call.schedule_to_close(secs(3)).retry(often).await
            }
            "takes too long" => {
                let call = wait::call(ctx).start_to_close(secs(1));
                call.schedule_to_close(millis(1_200)).retry(often).await
            }
            "is silent" => {
                let call = wait::call(ctx).heartbeat(secs(1)).start_to_close(mins(1));
                call.schedule_to_close(millis(1_200)).retry(often).await
            }
            "nobody takes it" => {
                let call = fail::call(ctx, 3).task_queue("nobody polls it");
                call.schedule_to_close(secs(1)).retry(often).await
            }
            "waits too long for a worker" => {
                let call = fail::call(ctx, 3).task_queue("nobody polls it");
                let call = call.schedule_to_start(secs(1));
                call.schedule_to_close(mins(1)).retry(often).await
            }
            other => bail!("no case {other}"),
        };
        let error = ended.expect_err("it does not succeed");
        let cause = error.app().map(|app| app.message.clone());
        Ok(format!(
            "{:?} {:?} {cause:?}",
            error.timeout(),
            error.retry_state()
        ))
    }
}

on_both_servers! {
    the_last_failure_of_an_activity_says_whether_its_time_was_over
    a_timeout_that_is_longer_than_the_whole_is_as_long_as_the_whole
}

/// What the workflow sees, and what history has of the end of its activity.
async fn ended(world: &World, case: &str) -> Result<(String, Vec<String>)> {
    let start = Deadlines::start(&world.client, case);
    let run = start.task_queue(&world.queue).await?;
    let seen = run.result().await?;
    let events = history::events(&world.address(), run.id(), "").await;
    let end = events.into_iter().find_map(|event| {
        let kind = event.event_type();
        let (failure, retry_state) = match event.attributes? {
            Attributes::ActivityTaskFailedEventAttributes(it) => {
                (it.failure.clone(), it.retry_state())
            }
            Attributes::ActivityTaskTimedOutEventAttributes(it) => {
                (it.failure.clone(), it.retry_state())
            }
            _ => return None,
        };
        let mut lines = vec![format!("{kind:?} {retry_state:?}")];
        let mut next: Option<&Failure> = failure.as_ref();
        while let Some(failure) = next {
            let kind = match &failure.failure_info {
                Some(FailureInfo::TimeoutFailureInfo(info)) => {
                    let details = info.last_heartbeat_details.is_some();
                    format!("{:?}, with details: {details}", info.timeout_type())
                }
                Some(FailureInfo::ApplicationFailureInfo(info)) => info.r#type.clone(),
                other => format!("{other:?}"),
            };
            lines.push(format!("{} ({kind})", failure.message));
            next = failure.cause.as_deref();
        }
        Some(lines)
    });
    Ok((seen, end.expect("the activity ended")))
}

async fn the_last_failure_of_an_activity_says_whether_its_time_was_over(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Deadlines>();
    let worker = worker.activity::<fail>().activity::<fail_then_wait>();
    let worker = worker.activity::<wait>().spawn().await?;
    let out_of_time = |details: bool| {
        format!(
            "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying (ScheduleToClose, with details: {details})"
        )
    };
    let no_worker =
        "activity ScheduleToStart timeout (ScheduleToStart, with details: false)".to_owned();
    for (case, seen, recorded) in [
        (
            "fails with a long pause",
            "None Timeout Some(\"failure 2\")",
            vec![
                "ActivityTaskFailed Timeout".to_owned(),
                "failure 2 (Error)".to_owned(),
            ],
        ),
        (
            "hangs later",
            "Some(ScheduleToClose) Timeout None",
            vec![
                "ActivityTaskTimedOut Timeout".to_owned(),
                out_of_time(true),
                "the first failure (Error)".to_owned(),
            ],
        ),
        (
            "takes too long",
            "Some(ScheduleToClose) Timeout None",
            vec!["ActivityTaskTimedOut Timeout".to_owned(), out_of_time(true)],
        ),
        (
            "is silent",
            "Some(ScheduleToClose) Timeout None",
            vec!["ActivityTaskTimedOut Timeout".to_owned(), out_of_time(true)],
        ),
        (
            "nobody takes it",
            "Some(ScheduleToStart) Timeout None",
            vec!["ActivityTaskTimedOut Timeout".to_owned(), no_worker.clone()],
        ),
        (
            "waits too long for a worker",
            "Some(ScheduleToStart) Timeout None",
            vec!["ActivityTaskTimedOut Timeout".to_owned(), no_worker.clone()],
        ),
    ] {
        let expected = (seen.to_owned(), recorded);
        assert_eq!(ended(world, case).await?, expected, "{case}");
    }
    worker.shutdown().await
}

async fn a_timeout_that_is_longer_than_the_whole_is_as_long_as_the_whole(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Deadlines>();
    let worker = worker.activity::<fail_then_wait>().spawn().await?;
    let start = Deadlines::start(&world.client, "hangs later");
    let run = start.task_queue(&world.queue).await?;
    run.result().await?;
    let events = history::events(&world.address(), run.id(), "").await;
    let timeouts = events.into_iter().find_map(|event| match event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(it)) => Some([
            it.start_to_close_timeout,
            it.schedule_to_close_timeout,
            it.schedule_to_start_timeout,
        ]),
        _ => None,
    });
    let three = Some(wkt::Duration {
        seconds: 3,
        nanos: 0,
    });
    assert_eq!(timeouts, Some([three, three, three]));
    worker.shutdown().await
}
