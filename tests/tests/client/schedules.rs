//! Schedules: created, described, listed, triggered, backfilled, paused, updated and deleted.

use durably::{
    client::WorkflowStatus,
    error::{CreateScheduleError, RpcError, ScheduleError, UpdateScheduleError},
    prelude::*,
    schedule::{
        Calendar, Interval, Overlap, ScheduleDescription, ScheduleHandle, ScheduledRun, Values,
        Weekday,
    },
    search::{Keyword, SearchKey},
};
use durably_tests::{World, eventually, on_both_servers, unique};
use futures::TryStreamExt;

const STARTED_BY: SearchKey<Keyword> = SearchKey::new("TemporalScheduledById");

/// Ends at once, or when it is cancelled.
#[derive(Default)]
struct Report;

#[workflow(task_queue = "reports")]
impl Report {
    #[run]
    async fn run(&mut self, ctx: &Ctx, region: String, wait: bool) -> Result<String> {
        if region == "nowhere" {
            bail!("there is no such region");
        }
        if wait {
            ctx.sleep(days(1)).await?;
        }
        Ok(format!("report of {region}"))
    }
}

on_both_servers! {
    a_schedule_is_described_as_it_was_created
    a_trigger_starts_a_typed_workflow
    a_schedule_of_a_name_starts_workflows_by_itself
    a_backfill_acts_on_the_times_of_its_range
    overlaps_are_treated_as_the_policy_says
    a_paused_schedule_acts_when_it_is_triggered_only
    a_failure_pauses_the_schedule
    an_update_changes_what_it_is_told_and_nothing_else
    an_update_begins_again_when_another_client_was_faster
    lists_show_schedules_and_filters_find_them
    what_is_missing_or_taken_is_an_error_to_match
    invalid_schedules_are_not_sent
    the_server_refuses_what_only_it_can_know
    a_limit_ends_the_workflows_of_times
}

/// 2030-01-01, a Tuesday.
fn new_year() -> Time {
    Time::UNIX_EPOCH + days(21_915)
}

async fn a_schedule_is_described_as_it_was_created(world: &World) -> Result<()> {
    let (id, from) = (unique("nightly"), new_year());
    let schedule = Report::schedule(&world.client, &id, "eu", false)
        .calendar(Calendar::daily(2, 30).comment("when all sleep"))
        .every(hours(6))
        .offset(mins(5))
        .cron("15 12 * * 1-5")
        .skip(Calendar::yearly(1, 2, 2, 30))
        .between(from, from + days(30))
        .jitter(secs(1))
        .time_zone("Europe/Berlin")
        .overlap(Overlap::BufferOne)
        .catch_up(mins(10))
        .pause_on_failure()
        .limit(7)
        .note("for the board")
        .memo("owner", "Bob")
        .workflow_id("report-eu")
        .execution_timeout(days(1))
        .run_timeout(hours(1))
        .task_timeout(secs(20))
        .retry(Retry::attempts(3).initial_interval(secs(2)))
        .workflow_memo("asked for by", "the board")
        .await?;
    assert_eq!(schedule.id(), id);

    let found = schedule.describe().await?;
    assert_eq!(found.id, id);
    assert_eq!(found.memo::<String>("owner")?.as_deref(), Some("Bob"));
    let berlin = &found.spec;
    // The server compiles cron expressions.
    assert_eq!(
        berlin.calendars,
        [
            Calendar::daily(2, 30).comment("when all sleep"),
            Calendar::daily(12, 15).day_of_week(Weekday::Monday..=Weekday::Friday),
        ]
    );
    assert!(berlin.crons.is_empty());
    assert_eq!(
        berlin.intervals,
        [Interval::every(hours(6)).offset(mins(5))]
    );
    assert_eq!(berlin.skip, [Calendar::yearly(1, 2, 2, 30)]);
    assert_eq!(
        (berlin.start, berlin.end),
        (Some(from), Some(from + days(30)))
    );
    assert_eq!(berlin.jitter, Some(secs(1)));
    assert_eq!(berlin.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(found.overlap, Overlap::BufferOne);
    assert_eq!(found.catch_up, Some(mins(10)));
    assert!(found.pause_on_failure && !found.paused);
    assert_eq!(found.remaining, Some(7));
    assert_eq!(found.note, "for the board");
    let action = &found.action;
    assert_eq!(action.workflow_type, "Report");
    assert_eq!(action.workflow_id, "report-eu");
    assert_eq!(action.task_queue, "reports");
    assert_eq!(action.args().get::<String>(0)?, "eu");
    assert!(!action.args().get::<bool>(1)?);
    assert_eq!(action.execution_timeout, Some(days(1)));
    assert_eq!(action.run_timeout, Some(hours(1)));
    assert_eq!(action.task_timeout, Some(secs(20)));
    let retry = action.retry.as_ref().expect("it was given");
    assert_eq!(
        (retry.max_attempts, retry.initial_interval),
        (3, Some(secs(2)))
    );
    assert!(found.info.created.is_some());
    assert_eq!(found.info.counts.started, 0);
    assert!(found.info.recent.is_empty() && found.info.running.is_empty());

    // 01:05 of Berlin is the first, as 00:05 UTC.
    let next = &found.info.next;
    assert_eq!(next.len(), 7, "as many as the limit leaves: {next:?}");
    assert!(
        next.is_sorted() && next[0] - (from + mins(5)) < secs(1),
        "{next:?}"
    );
    let times = schedule.times(from..from + days(2)).await?;
    let second = times
        .iter()
        .map(|time| time.unix_seconds() - from.unix_seconds());
    let hour = |hour: i64, minute: i64| hour * 3_600 + minute * 60;
    let nominal = [
        hour(0, 5),
        hour(1, 30),
        hour(6, 5),
        hour(11, 15),
        hour(12, 5),
        hour(18, 5),
        // 02:30 of the next day is skipped.
        hour(24, 5),
        hour(30, 5),
        hour(35, 15),
        hour(36, 5),
        hour(42, 5),
    ];
    assert_eq!(second.collect::<Vec<_>>(), nominal);
    Ok(schedule.delete().await?)
}

/// What the schedule has started, when that is as much as `count`. Two starts of one second have the same
/// workflow id.
async fn started(schedule: &ScheduleHandle, count: usize) -> Vec<ScheduledRun> {
    let found = eventually("the starts of the schedule", || async {
        let found = schedule.describe().await.ok()?;
        (found.info.recent.len() >= count).then_some(found.info)
    })
    .await;
    assert_eq!(found.recent.len(), count);
    assert_eq!(usize::try_from(found.counts.started), Ok(count));
    found.recent
}

async fn a_trigger_starts_a_typed_workflow(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Report>().spawn().await?;
    let id = unique("on-demand");
    let schedule = Report::schedule(&world.client, &id, "eu", false)
        .only_triggered()
        .trigger_immediately()
        .workflow_id(format!("{id}-report"))
        .workflow_memo("asked for by", "Bob")
        .task_queue(&world.queue)
        .await?;
    let first = started(&schedule, 1).await.remove(0);
    // The server adds the time.
    let prefix = format!("{id}-report-20");
    assert!(first.workflow_id.starts_with(&prefix), "{first:?}");
    let report = world.client.handle(&first.workflow_id).run(&first.run_id);
    assert_eq!(report.typed::<Report>().result().await?, "report of eu");
    let report = report.describe().await?;
    assert_eq!(
        report.memo::<String>("asked for by")?.as_deref(),
        Some("Bob")
    );
    assert_eq!(report.search(STARTED_BY)?.as_deref(), Some(&*id));

    schedule.trigger().overlap(Overlap::AllowAll).await?;
    let both = started(&schedule, 2).await;
    assert_eq!(both[0].run_id, first.run_id);
    assert_ne!(both[1].run_id, first.run_id);
    schedule.delete().await?;
    worker.shutdown().await
}

async fn a_schedule_of_a_name_starts_workflows_by_itself(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Report>().spawn().await?;
    let schedule = world
        .client
        .create_schedule(unique("often"), "Report", ("us", false))
        .every(secs(1))
        .task_queue(&world.queue)
        .await?;
    let ended = eventually("two reports that have ended", || async {
        let found = schedule.describe().await.ok()?;
        let ended = found.info.recent.into_iter();
        let ended: Vec<_> = ended
            .filter(|run| run.status == WorkflowStatus::Completed)
            .collect();
        (ended.len() >= 2).then_some(ended)
    })
    .await;
    schedule.delete().await?;
    let [first, second] = &ended[..2] else {
        unreachable!("there are two")
    };
    assert!(first.due < second.due && first.due <= first.started);
    let handle = world.client.handle(&first.workflow_id).run(&first.run_id);
    assert_eq!(handle.result::<String>().await?, "report of us");
    worker.shutdown().await
}

async fn a_backfill_acts_on_the_times_of_its_range(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Report>().spawn().await?;
    let past = Time::UNIX_EPOCH + days(20_000);
    let schedule = Report::schedule(&world.client, unique("daily"), "eu", false)
        .calendar(Calendar::daily(0, 0))
        .task_queue(&world.queue)
        .paused()
        .overlap(Overlap::AllowAll)
        .backfill(past..past + days(2))
        .await?;
    let due = |found: Vec<ScheduledRun>| {
        let mut due: Vec<_> = found.into_iter().filter_map(|run| run.due).collect();
        due.sort();
        due
    };
    started(&schedule, 2).await;
    let recent = schedule.describe().await?.info.recent;
    // The end of the range is not in it.
    assert_eq!(due(recent), [past, past + days(1)]);

    let later = past + days(10);
    schedule
        .backfill(later..later + secs(1))
        .overlap(Overlap::BufferAll)
        .await?;
    started(&schedule, 3).await;
    let recent = schedule.describe().await?.info.recent;
    assert_eq!(due(recent), [past, past + days(1), later]);
    assert_eq!(
        schedule.times(past..past + days(2)).await?,
        [past, past + days(1)]
    );
    schedule.delete().await?;
    worker.shutdown().await
}

async fn overlaps_are_treated_as_the_policy_says(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Report>().spawn().await?;
    let schedule = Report::schedule(&world.client, unique("slow"), "eu", true)
        .only_triggered()
        .task_queue(&world.queue)
        .trigger_immediately()
        .await?;
    let first = started(&schedule, 1).await.remove(0);
    schedule.trigger().await?;
    let skipped = eventually("the trigger that is skipped", || async {
        let counts = schedule.describe().await.ok()?.info.counts;
        (counts.skipped == 1).then_some(counts)
    })
    .await;
    assert_eq!(skipped.started, 1);
    let running = schedule.describe().await?.info.running;
    assert_eq!((running.len(), &running[0].run_id), (1, &first.run_id));

    let run = |started: &ScheduledRun| {
        world
            .client
            .handle(&started.workflow_id)
            .run(&started.run_id)
    };
    // The workflow ids of a schedule differ by the second.
    let next_second = || tokio::time::sleep(millis(1100));
    next_second().await;
    schedule.trigger().overlap(Overlap::CancelOther).await?;
    let both = started(&schedule, 2).await;
    let error = run(&first).result::<String>().await.unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    next_second().await;
    schedule.trigger().overlap(Overlap::TerminateOther).await?;
    let all = started(&schedule, 3).await;
    assert_eq!(
        run(&both[1]).describe().await?.status,
        WorkflowStatus::Terminated
    );
    schedule.delete().await?;
    // It runs on without its schedule.
    let third = run(&all[2]);
    assert!(third.describe().await?.status.is_running());
    third.terminate("seen").await?;
    worker.shutdown().await
}

async fn a_paused_schedule_acts_when_it_is_triggered_only(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Report>().spawn().await?;
    let schedule = Report::schedule(&world.client, unique("paused"), "eu", false)
        .only_triggered()
        .task_queue(&world.queue)
        .paused()
        .note("until they ask for it")
        .await?;
    let found = schedule.describe().await?;
    assert!(found.paused && found.note == "until they ask for it");
    schedule.trigger().await?;
    started(&schedule, 1).await;
    let second = |described: &mut ScheduleDescription| {
        described.spec.intervals = vec![Interval::every(secs(1))];
    };
    schedule.update(second).await?;
    schedule.unpause("they ask").await?;
    eventually("a time of the schedule", || async {
        let found = schedule.describe().await.ok()?;
        assert_eq!((found.paused, &*found.note), (false, "they ask"));
        (found.info.recent.len() > 1).then_some(())
    })
    .await;
    schedule.pause("").await?;
    let found = schedule.describe().await?;
    assert!(
        found.paused && found.note.starts_with("paused by "),
        "{}",
        found.note
    );
    schedule.delete().await?;
    worker.shutdown().await
}

async fn a_failure_pauses_the_schedule(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Report>().spawn().await?;
    let schedule = Report::schedule(&world.client, unique("fails"), "nowhere", false)
        .only_triggered()
        .task_queue(&world.queue)
        .pause_on_failure()
        .trigger_immediately()
        .await?;
    let paused = eventually("the pause", || async {
        let found = schedule.describe().await.ok()?;
        found.paused.then_some(found)
    })
    .await;
    assert!(
        paused.note.contains("paused due to workflow failure"),
        "{}",
        paused.note
    );
    assert_eq!(paused.info.recent[0].status, WorkflowStatus::Failed);
    schedule.delete().await?;
    worker.shutdown().await
}

async fn an_update_changes_what_it_is_told_and_nothing_else(world: &World) -> Result<()> {
    let schedule = Report::schedule(&world.client, unique("updated"), "eu", false)
        .every(hours(1))
        .cron("0 7 * * *")
        .memo("owner", "Bob")
        .workflow_memo("asked for by", "Bob")
        .retry(Retry::attempts(5))
        .paused()
        .note("first")
        .await?;
    let before = schedule.describe().await?;
    schedule
        .update(|described| {
            assert_eq!(described.note, "first");
            described.note = "second".to_owned();
            described.spec.intervals[0].offset = mins(1);
            described.action.set_args(("us", true));
        })
        .await?;
    let after = eventually("the update", || async {
        let found = schedule.describe().await.ok()?;
        (found.note == "second").then_some(found)
    })
    .await;
    assert_eq!(
        after.spec.intervals,
        [Interval::every(hours(1)).offset(mins(1))]
    );
    assert_eq!(after.spec.calendars, before.spec.calendars);
    assert!(after.paused && after.info.updated.is_some());
    assert_eq!(after.action.retry, before.action.retry);
    assert_eq!(after.action.args().get::<String>(0)?, "us");
    assert_eq!(after.memo::<String>("owner")?.as_deref(), Some("Bob"));

    // Another one in its place.
    let client = world.client.clone();
    let next = move || {
        Report::schedule(&client, "any", "asia", false)
            .cron("0 0 1 * *")
            .workflow_id("report-asia")
            .overlap(Overlap::AllowAll)
    };
    schedule
        .update(move |described| described.replace(next()))
        .await?;
    let replaced = eventually("the update", || async {
        let found = schedule.describe().await.ok()?;
        (found.action.workflow_id == "report-asia").then_some(found)
    })
    .await;
    assert_eq!(replaced.spec.calendars, [Calendar::monthly(1, 0, 0)]);
    assert!(replaced.spec.intervals.is_empty());
    assert_eq!((replaced.paused, &*replaced.note), (true, "second"));
    assert_eq!(replaced.memo::<String>("owner")?.as_deref(), Some("Bob"));
    Ok(schedule.delete().await?)
}

async fn an_update_begins_again_when_another_client_was_faster(world: &World) -> Result<()> {
    let schedule = Report::schedule(&world.client, unique("contended"), "eu", false)
        .every(hours(1))
        .await?;
    let add = |letter: char, schedule: ScheduleHandle| async move {
        let added = schedule.update(move |described| described.note.push(letter));
        added.await
    };
    let clients = "abcd".chars();
    let clients: Vec<_> = clients
        .map(|it| tokio::spawn(add(it, schedule.clone())))
        .collect();
    for client in clients {
        client.await.expect("no client panics")?;
    }
    // None is lost. The real server does not tell whose update it has taken, so that one may be made again on top
    // of the next.
    let note = schedule.describe().await?.schedule.note;
    for letter in "abcd".chars() {
        assert!(note.contains(letter), "{note}");
    }
    Ok(schedule.delete().await?)
}

async fn lists_show_schedules_and_filters_find_them(world: &World) -> Result<()> {
    let prefix = unique("listed");
    let ids = ["a", "b", "c"].map(|name| format!("{prefix}-{name}"));
    for id in &ids {
        let call = Report::schedule(&world.client, id, "eu", false)
            .calendar(Calendar::daily(2, 0))
            .note(id)
            .memo("owner", "Bob");
        match id.ends_with('c') {
            true => call.paused().await?,
            false => call.await?,
        };
    }
    let listed = || async {
        let all = world.client.schedules().timeout(secs(10));
        all.try_filter(|it| std::future::ready(it.id.starts_with(&prefix)))
            .try_collect::<Vec<_>>()
            .await
            .ok()
            .filter(|found| found.len() == 3)
    };
    let mut found = eventually("three schedules in the list", listed).await;
    found.sort_by(|a, b| a.id.cmp(&b.id));
    for (listed, id) in found.iter().zip(&ids) {
        assert_eq!((&listed.id, &listed.note), (id, id));
        assert_eq!(listed.workflow_type, "Report");
        assert_eq!(listed.paused, id.ends_with('c'));
        assert_eq!(listed.memo::<String>("owner")?.as_deref(), Some("Bob"));
        assert_eq!(listed.spec.calendars[0].hour, Values::from(2));
        assert!(!listed.next.is_empty() && listed.recent.is_empty());
    }
    let paused = format!("TemporalSchedulePaused = true AND ScheduleId STARTS_WITH '{prefix}'");
    eventually("the paused schedule in the list", || async {
        let paused = world.client.schedules().matching(&paused);
        let paused: Vec<_> = paused.try_collect().await.ok()?;
        let ids_found: Vec<_> = paused.iter().map(|it| &it.id).collect();
        (ids_found == [&ids[2]]).then_some(())
    })
    .await;
    let two: Vec<_> = world.client.schedules().limit(2).try_collect().await?;
    assert_eq!(two.len(), 2);
    let malformed = world
        .client
        .schedules()
        .matching("ScheduleId = ")
        .next()
        .await;
    let is_refused = matches!(malformed, Err(RpcError::InvalidArgument { .. }));
    assert!(is_refused, "{malformed:?}");
    for id in ids {
        world.client.schedule(id).delete().await?;
    }
    Ok(())
}

async fn what_is_missing_or_taken_is_an_error_to_match(world: &World) -> Result<()> {
    let id = unique("once");
    let create = || Report::schedule(&world.client, &id, "eu", false).every(hours(1));
    let schedule = create().await?;
    match create().await {
        Err(CreateScheduleError::AlreadyExists(it)) => assert_eq!(it.schedule_id, id),
        other => panic!("{other:?}"),
    }
    schedule.delete().await?;
    let missing = |result: Result<(), ScheduleError>| match result {
        Err(ScheduleError::NotFound(it)) => {
            assert_eq!(it.to_string(), format!("schedule `{id}` not found"));
        }
        other => panic!("{other:?}"),
    };
    missing(schedule.describe().await.map(drop));
    missing(schedule.delete().await);
    missing(schedule.pause("x").await);
    missing(schedule.trigger().await);
    let now = new_year();
    missing(schedule.backfill(now..now + days(1)).await);
    // The real server answers this from the history of a deleted schedule.
    let never = world.client.schedule(unique("never"));
    let times = never.times(now..now + days(1)).await;
    assert!(
        matches!(times, Err(ScheduleError::NotFound(_))),
        "{times:?}"
    );
    match schedule
        .update(|_| panic!("there is nothing to change"))
        .await
    {
        Err(UpdateScheduleError::NotFound(it)) => assert_eq!(it.schedule_id, id),
        other => panic!("{other:?}"),
    }
    // The id is free.
    Ok(create().await?.delete().await?)
}

async fn invalid_schedules_are_not_sent(world: &World) -> Result<()> {
    let now = new_year();
    let wrong = Report::schedule(&world.client, "", "eu", false)
        .calendar(Calendar::daily(24, 0))
        .every(millis(10))
        .cron("0 7 * *")
        .between(now, now - secs(1))
        .catch_up(secs(1))
        .limit(0)
        .workflow_id("")
        .backfill(now..now)
        .await;
    let Err(CreateScheduleError::Invalid(invalid)) = wrong else {
        panic!("{wrong:?}");
    };
    let text = invalid.to_string();
    for problem in [
        "a limit of 0 starts nothing",
        "the times from 2030-01-01T00:00:00Z to 2030-01-01T00:00:00Z are none",
        "its id is empty",
        "the hour 24 of a calendar is not from 0 to 23",
        "its interval of 10ms is too short",
        "the cron expression `0 7 * *` has 4 fields",
        "it ends (2029-12-31T23:59:59Z) before it starts (2030-01-01T00:00:00Z)",
        "the id of its workflow is empty",
        "its catch-up window of 1s is too short; use 10s or more",
    ] {
        assert!(text.contains(problem), "{problem}: {text}");
    }
    assert_eq!(invalid.problems.len(), 9, "{text}");

    let schedule = Report::schedule(&world.client, unique("valid"), "eu", false)
        .every(hours(1))
        .await?;
    let backwards = schedule.backfill(now..now - days(1)).await;
    assert!(
        matches!(backwards, Err(ScheduleError::Invalid(_))),
        "{backwards:?}"
    );
    let none = schedule
        .update(|schedule| schedule.spec.intervals.clear())
        .await;
    match none {
        Err(UpdateScheduleError::Invalid(it)) => {
            assert!(it.to_string().contains("no times any more"))
        }
        other => panic!("{other:?}"),
    }
    let nobody = world.client.schedule("").describe().await;
    assert!(
        matches!(nobody, Err(ScheduleError::Invalid(_))),
        "{nobody:?}"
    );
    Ok(schedule.delete().await?)
}

async fn the_server_refuses_what_only_it_can_know(world: &World) -> Result<()> {
    let zone = Report::schedule(&world.client, unique("zone"), "eu", false)
        .calendar(Calendar::daily(2, 0))
        .time_zone("Europe/Atlantis")
        .await;
    let refused = |result: Result<ScheduleHandle, CreateScheduleError>| match result {
        Err(CreateScheduleError::Rpc(RpcError::InvalidArgument { message })) => message,
        other => panic!("{other:?}"),
    };
    assert!(refused(zone).contains("Europe/Atlantis"));
    let cron = Report::schedule(&world.client, unique("cron"), "eu", false)
        .cron("0 77 * * *")
        .await;
    assert!(!refused(cron).is_empty());
    Ok(())
}

async fn a_limit_ends_the_workflows_of_times(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Report>().spawn().await?;
    let schedule = Report::schedule(&world.client, unique("limited"), "eu", false)
        .every(secs(1))
        .task_queue(&world.queue)
        .limit(2)
        .await?;
    // A start counts when its workflow runs, a moment after the limit has counted it.
    let exhausted = eventually("the limit and both workflows", || async {
        let found = schedule.describe().await.ok()?;
        (found.remaining == Some(0) && found.info.counts.started >= 2).then_some(found)
    })
    .await;
    assert_eq!(exhausted.info.counts.started, 2);
    assert!(exhausted.info.next.is_empty(), "{:?}", exhausted.info.next);
    schedule.delete().await?;
    worker.shutdown().await
}
