//! Bad specifications of schedules: those that are refused, those that have no time, and those that have too many.

use durably::prelude::*;
use durably_proto::{
    api::{
        common::v1::WorkflowType,
        enums::v1::ScheduleOverlapPolicy,
        schedule::v1::{
            BackfillRequest, CalendarSpec, IntervalSpec, Range, Schedule, ScheduleAction,
            SchedulePatch, SchedulePolicies, ScheduleSpec, ScheduleState, StructuredCalendarSpec,
            schedule_action::Action,
        },
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::*,
    },
    wkt,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{NAMESPACE, Service, ended, task_queue, terminate},
    unique,
};

use super::names::duration;

on_both_servers! {
    broken_cron_strings_are_refused
    broken_intervals_and_calendars_are_refused
    a_schedule_without_a_time_waits_for_nothing
    a_schedule_with_a_million_times_lists_a_thousand
    times_that_fall_together_are_one
    a_backfill_over_a_century_is_taken_in_small_steps
    an_update_with_a_stale_token_changes_nothing
}

/// A schedule of a specification, paused.
struct Case {
    service: Service,
    queue: String,
    id: String,
}

impl Case {
    async fn new(world: &World) -> Result<Self> {
        Ok(Self {
            service: world.service().await?,
            queue: world.queue.clone(),
            id: unique("spec"),
        })
    }

    fn schedule(&self, spec: ScheduleSpec, notes: &str) -> Schedule {
        let start = NewWorkflowExecutionInfo {
            workflow_id: self.id.clone(),
            workflow_type: Some(WorkflowType {
                name: "Never".to_owned(),
            }),
            task_queue: task_queue(&self.queue),
            ..Default::default()
        };
        Schedule {
            spec: Some(spec),
            action: Some(ScheduleAction {
                action: Some(Action::StartWorkflow(start)),
            }),
            policies: Some(SchedulePolicies {
                overlap_policy: ScheduleOverlapPolicy::Skip.into(),
                ..Default::default()
            }),
            state: Some(ScheduleState {
                paused: true,
                notes: notes.to_owned(),
                ..Default::default()
            }),
        }
    }

    async fn created(&mut self, spec: ScheduleSpec) -> String {
        let request = CreateScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            schedule: Some(self.schedule(spec, "")),
            request_id: unique("request"),
            ..Default::default()
        };
        let created = ended(self.service.create_schedule(request).await);
        // Go's protobuf library puts one of two spaces into its errors, by the build.
        let created = created.replace('\u{a0}', " ");
        let prefix = "InvalidArgument: Invalid schedule spec: ";
        created.strip_prefix(prefix).unwrap_or(&created).to_owned()
    }

    async fn described(&mut self) -> Result<DescribeScheduleResponse> {
        let request = DescribeScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
        };
        Ok(self.service.describe_schedule(request).await?.into_inner())
    }

    /// The seconds of the times within a century.
    async fn times(&mut self) -> Result<Vec<i64>> {
        let request = ListScheduleMatchingTimesRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            start_time: Some(at(START)),
            end_time: Some(at(START + 100 * 365 * 86_400)),
        };
        let listed = self.service.list_schedule_matching_times(request).await?;
        let times = listed.into_inner().start_time;
        Ok(times.into_iter().map(|time| time.seconds).collect())
    }

    async fn patch(&mut self, patch: SchedulePatch) -> Result<()> {
        let request = PatchScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            patch: Some(patch),
            request_id: unique("request"),
            ..Default::default()
        };
        self.service.patch_schedule(request).await?;
        Ok(())
    }

    async fn delete(&mut self) -> Result<()> {
        let request = DeleteScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            ..Default::default()
        };
        self.service.delete_schedule(request).await?;
        Ok(())
    }
}

/// In November 2023.
const START: i64 = 1_700_000_000;

fn at(seconds: i64) -> wkt::Timestamp {
    wkt::Timestamp { seconds, nanos: 0 }
}

fn every(seconds: i64) -> ScheduleSpec {
    ScheduleSpec {
        interval: vec![IntervalSpec {
            interval: Some(duration(seconds, 0)),
            phase: None,
        }],
        ..Default::default()
    }
}

fn cron(text: &str) -> ScheduleSpec {
    ScheduleSpec {
        cron_string: vec![text.to_owned()],
        ..Default::default()
    }
}

fn of(start: i32, end: i32) -> Range {
    Range {
        start,
        end,
        step: 0,
    }
}

fn at_hours(hour: Range) -> ScheduleSpec {
    ScheduleSpec {
        structured_calendar: vec![StructuredCalendarSpec {
            hour: vec![hour],
            ..Default::default()
        }],
        ..Default::default()
    }
}

async fn broken_cron_strings_are_refused(world: &World) -> Result<()> {
    const FIELDS: &str = "CronString does not have 5-7 fields";
    const MINUTE: &str = "Minute is not in range [0-59]";
    let mut case = Case::new(world).await?;
    for (text, answer) in [
        ("", FIELDS),
        ("   ", FIELDS),
        ("nonsense", FIELDS),
        ("* * * *", FIELDS),
        ("* * * * * * * *", FIELDS),
        ("# a comment", FIELDS),
        ("@Daily", FIELDS),
        ("@reboot", FIELDS),
        ("60 * * * *", MINUTE),
        ("a * * * *", MINUTE),
        ("/5 * * * *", MINUTE),
        ("1,,2 * * * *", MINUTE),
        ("L * * * *", MINUTE),
        ("0x5 * * * *", MINUTE),
        ("5.5 * * * *", MINUTE),
        ("\u{e9} * * * *", MINUTE),
        ("\u{661} * * * *", MINUTE),
        ("99999999999999999999 * * * *", MINUTE),
        ("-1 * * * *", "Minute Start is not in range [0-59]"),
        (
            "1-0 * * * *",
            "Minute End is before Start or not in range [0-59]",
        ),
        (
            "1-99999999999 * * * *",
            "Minute End is before Start or not in range [0-59]",
        ),
        ("*/0 * * * *", "Minute has invalid Step"),
        ("5/ * * * *", "Minute missing step value"),
        ("* 24 * * *", "Hour is not in range [0-23]"),
        ("* * 0 * *", "DayOfMonth is not in range [1-31]"),
        ("* * 32 * *", "DayOfMonth is not in range [1-31]"),
        ("0 0 ? * 1", "DayOfMonth is not in range [1-31]"),
        ("* * * 0 *", "Month is not in range [1-12]"),
        ("* * * 13 *", "Month is not in range [1-12]"),
        (
            "* * * jan-13 *",
            "Month End is before Start or not in range [1-12]",
        ),
        ("* * * * 8", "DayOfWeek is not in range [0-7]"),
        ("0 0 * * * 1999", "Year is not in range [2000-2100]"),
        ("0 0 * * * 2101", "Year is not in range [2000-2100]"),
        ("@every", "CronString does not have interval after @every"),
        ("@every x", "time: invalid duration \"x\""),
        ("@every 0s", "interval is too small"),
        ("@every -1s", "interval is too small"),
        ("@every 500ms", "interval is too small"),
        ("@every 1h/1h", "phase cannot be greater than Interval"),
        ("@every 1h/-1m", "phase is negative"),
        ("CRON_TZ=Nowhere 0 0 * * *", "unknown time zone Nowhere"),
        ("CRON_TZ=UTC", "CronString has time zone but missing fields"),
        (
            "CRON_TZ=UTC ",
            "CronString has time zone but missing fields",
        ),
    ] {
        assert_eq!(case.created(cron(text)).await, answer, "{text:?}");
    }
    Ok(())
}

async fn broken_intervals_and_calendars_are_refused(world: &World) -> Result<()> {
    const SMALL: &str = "interval is too small";
    let mut case = Case::new(world).await?;
    let interval = |seconds, nanos, phase: Option<i64>| ScheduleSpec {
        interval: vec![IntervalSpec {
            interval: Some(duration(seconds, nanos)),
            phase: phase.map(|phase| duration(phase, 0)),
        }],
        ..Default::default()
    };
    let step = Range {
        start: 1,
        end: 5,
        step: -1,
    };
    let year = |year| ScheduleSpec {
        structured_calendar: vec![StructuredCalendarSpec {
            year: vec![of(year, 0)],
            ..Default::default()
        }],
        ..Default::default()
    };
    for (spec, answer) in [
        (interval(0, 0, None), SMALL),
        (interval(-5, 0, None), SMALL),
        (interval(0, 500_000_000, None), SMALL),
        (
            ScheduleSpec {
                interval: vec![IntervalSpec::default()],
                ..Default::default()
            },
            SMALL,
        ),
        (
            interval(315_576_000_001, 0, None),
            "interval is not a valid duration: proto: duration (seconds:315576000001) exceeds +10000 years",
        ),
        (
            interval(10, 0, Some(10)),
            "phase cannot be greater than Interval",
        ),
        (interval(10, 0, Some(-1)), "phase is negative"),
        (
            at_hours(of(5, 3)),
            "invalid calendar spec: Hour End is before Start or not in range [0-23]",
        ),
        (
            at_hours(of(-1, 0)),
            "invalid calendar spec: Hour Start is not in range [0-23]",
        ),
        (
            at_hours(of(24, 0)),
            "invalid calendar spec: Hour Start is not in range [0-23]",
        ),
        (
            at_hours(step),
            "invalid calendar spec: Hour has invalid Step",
        ),
        (
            year(2101),
            "invalid calendar spec: Year Start is not in range [2000-2100]",
        ),
        (
            year(1999),
            "invalid calendar spec: Year Start is not in range [2000-2100]",
        ),
        (
            ScheduleSpec {
                timezone_name: "Nowhere/Land".to_owned(),
                ..every(3600)
            },
            "unknown time zone Nowhere/Land",
        ),
        (
            ScheduleSpec {
                timezone_data: b"junk".to_vec(),
                ..every(3600)
            },
            "malformed time zone information",
        ),
        (
            cron(&format!("0 0 * * * # {}", "x".repeat(5000))),
            "invalid calendar spec: comment is too long",
        ),
    ] {
        assert_eq!(case.created(spec.clone()).await, answer, "{spec:?}");
    }
    Ok(())
}

async fn a_schedule_without_a_time_waits_for_nothing(world: &World) -> Result<()> {
    let everything = StructuredCalendarSpec {
        second: vec![of(0, 59)],
        minute: vec![of(0, 59)],
        hour: vec![of(0, 23)],
        day_of_month: vec![of(1, 31)],
        month: vec![of(1, 12)],
        day_of_week: vec![of(0, 6)],
        ..Default::default()
    };
    for spec in [
        ScheduleSpec::default(),
        cron("0 0 30 2 *"),
        cron("0 0 31 4 *"),
        ScheduleSpec {
            calendar: vec![CalendarSpec {
                year: "2001".to_owned(),
                ..Default::default()
            }],
            ..Default::default()
        },
        ScheduleSpec {
            end_time: Some(at(1_000_000)),
            ..every(1)
        },
        ScheduleSpec {
            start_time: Some(at(2_000_000_000)),
            end_time: Some(at(1_000_000_000)),
            ..every(1)
        },
        ScheduleSpec {
            exclude_structured_calendar: vec![everything],
            ..every(1)
        },
    ] {
        let mut case = Case::new(world).await?;
        assert_eq!(case.created(spec.clone()).await, "OK", "{spec:?}");
        // It acts no more when it is not paused.
        case.patch(SchedulePatch {
            unpause: "go".to_owned(),
            ..Default::default()
        })
        .await?;
        let described = eventually("it is not paused", || {
            let mut service = case.service.clone();
            let request = DescribeScheduleRequest {
                namespace: NAMESPACE.to_owned(),
                schedule_id: case.id.clone(),
            };
            async move {
                let described = service.describe_schedule(request).await.ok()?.into_inner();
                let paused = described.schedule.clone()?.state?.paused;
                (!paused).then_some(described)
            }
        })
        .await;
        let info = described.info.expect("it has its info");
        assert_eq!(
            (info.future_action_times, info.action_count),
            (vec![], 0),
            "{spec:?}"
        );
        let excludes_all = !spec.exclude_structured_calendar.is_empty();
        if !excludes_all {
            assert_eq!(case.times().await?, [0_i64; 0], "{spec:?}");
        }
        case.delete().await?;
    }
    Ok(())
}

async fn a_schedule_with_a_million_times_lists_a_thousand(world: &World) -> Result<()> {
    let every_second = ScheduleSpec {
        calendar: vec![CalendarSpec {
            second: "*".to_owned(),
            minute: "*".to_owned(),
            hour: "*".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    };
    for spec in [every(1), every_second] {
        let mut case = Case::new(world).await?;
        assert_eq!(case.created(spec).await, "OK");
        let info = case.described().await?.info.expect("it has its info");
        assert_eq!(info.future_action_times.len(), 10);
        let thousand: Vec<_> = (START + 1..=START + 1000).collect();
        assert_eq!(case.times().await?, thousand);
        case.delete().await?;
    }
    Ok(())
}

async fn times_that_fall_together_are_one(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    let mut spec = every(86_400);
    spec.interval.extend(spec.interval.clone());
    spec.cron_string = vec!["@daily".to_owned(), "0 0 * * *".to_owned()];
    assert_eq!(case.created(spec).await, "OK");
    let times = case.times().await?;
    let first = (START / 86_400 + 1) * 86_400;
    let expected: Vec<_> = (0..1000).map(|day| first + day * 86_400).collect();
    assert_eq!(times, expected);
    case.delete().await
}

/// Ten times of it are acted on at once; the rest waits until the schedule wakes for another reason.
async fn a_backfill_over_a_century_is_taken_in_small_steps(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    assert_eq!(case.created(every(86_400)).await, "OK");
    case.patch(SchedulePatch {
        backfill_request: vec![BackfillRequest {
            start_time: Some(at(0)),
            end_time: Some(at(100 * 365 * 86_400)),
            overlap_policy: ScheduleOverlapPolicy::Skip.into(),
        }],
        ..Default::default()
    })
    .await?;
    eventually("the first ten days", || {
        let mut service = case.service.clone();
        let request = DescribeScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: case.id.clone(),
        };
        async move {
            let described = service.describe_schedule(request).await.ok()?.into_inner();
            let info = described.info?;
            let ids: Vec<_> = info
                .recent_actions
                .into_iter()
                .filter_map(|it| Some(it.start_workflow_result?.workflow_id))
                .collect();
            let is_first = ids.len() == 1 && ids[0].ends_with("-1970-01-02T00:00:00Z");
            (is_first && (info.action_count, info.overlap_skipped) == (1, 9)).then_some(())
        }
    })
    .await;
    let id = format!("{}-1970-01-02T00:00:00Z", case.id);
    case.delete().await?;
    terminate(&mut case.service, &id).await
}

async fn an_update_with_a_stale_token_changes_nothing(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    assert_eq!(case.created(every(86_400)).await, "OK");
    let stale = case.described().await?.conflict_token;
    let update = |case: &Case, notes: &str, token: &[u8]| UpdateScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: case.id.clone(),
        schedule: Some(case.schedule(every(3600), notes)),
        conflict_token: token.to_vec(),
        request_id: unique("request"),
        ..Default::default()
    };
    let notes = |described: DescribeScheduleResponse| {
        let state = described.schedule.unwrap_or_default().state;
        state.unwrap_or_default().notes
    };
    let first = update(&case, "first", &stale);
    case.service.update_schedule(first).await?;
    let until = async |case: &Case, wanted: &str| {
        eventually("the update", || {
            let (mut service, wanted) = (case.service.clone(), wanted.to_owned());
            let request = DescribeScheduleRequest {
                namespace: NAMESPACE.to_owned(),
                schedule_id: case.id.clone(),
            };
            async move {
                let described = service.describe_schedule(request).await.ok()?.into_inner();
                (notes(described) == wanted).then_some(())
            }
        })
        .await;
    };
    until(&case, "first").await;
    let second = update(&case, "second", &stale);
    let answer = ended(case.service.update_schedule(second).await);
    match world.is_ours() {
        true => assert_eq!(answer, "FailedPrecondition: mismatched conflict token"),
        // It answers before it looks.
        false => assert_eq!(answer, "OK"),
    }
    // One without a token is applied in any case, and comes after the one that was not.
    let third = update(&case, "third", b"");
    case.service.update_schedule(third).await?;
    until(&case, "third").await;
    let described = case.described().await?;
    assert_eq!(described.conflict_token, 3_u64.to_be_bytes());
    case.delete().await
}
