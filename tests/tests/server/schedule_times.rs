//! The times of schedules: a thousand generated specifications have the same times on both servers.

use std::collections::BTreeSet;

use durably::prelude::*;
use durably_history::{
    Time,
    schedule::{Spec, TooManyExclusions},
};
use durably_proto::{
    api::{
        common::v1::WorkflowType,
        schedule::v1::{
            CalendarSpec, IntervalSpec, Range, Schedule, ScheduleAction, ScheduleSpec,
            ScheduleState, StructuredCalendarSpec, schedule_action::Action,
        },
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::{
            CreateScheduleRequest, DeleteScheduleRequest, DescribeNamespaceRequest,
            ListScheduleMatchingTimesRequest,
        },
    },
    wkt,
};
use durably_tests::{
    World, on_both_servers,
    raw::{NAMESPACE, Service, task_queue},
    unique,
};
use futures::{StreamExt as _, stream};

use super::names::duration;

on_both_servers! {
    generated_specifications_have_the_same_times
}

async fn generated_specifications_have_the_same_times(world: &World) -> Result<()> {
    let service = world.service().await?;
    let namespace_id = namespace_id(&mut service.clone()).await?;
    let mut random = Random(20_261_129);
    let cases: Vec<_> = (0..1000).map(|_| case(&mut random)).collect();
    let mut answers = stream::iter(cases)
        .map(|(spec, start)| {
            let (service, queue, namespace_id) = (&service, &world.queue, &namespace_id);
            async move {
                let id = unique("times");
                let expected = expected(&spec, start, &format!("{namespace_id}-{id}"));
                let listed = listed(service.clone(), queue, &id, spec.clone(), start).await;
                assert_eq!(listed, expected, "after {start:?}: {spec:?}");
                listed
            }
        })
        .buffer_unordered(16);
    let (mut times, mut errors) = (0, BTreeSet::new());
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(listed) => times += listed.len(),
            Err(error) => {
                errors.insert(error);
            }
        }
    }
    assert!(times > 100_000, "the cases have {times} times");
    assert!(errors.len() > 20, "the cases have these errors: {errors:?}");
    Ok(())
}

/// The times by the pure specification.
fn expected(
    spec: &ScheduleSpec,
    start: wkt::Timestamp,
    seed: &str,
) -> std::result::Result<Vec<wkt::Timestamp>, String> {
    let spec = Spec::new(spec.clone()).map_err(|error| format!("InvalidArgument: {}", error.0))?;
    let end = Time::from(end_of(start));
    let mut after = Time::from(start);
    let mut times = Vec::new();
    while times.len() < 1000 {
        match spec.next_after(after, seed) {
            Ok(Some(next)) if next.actual <= end => {
                after = next.actual;
                times.push(next.actual.into());
            }
            Ok(_) => break,
            Err(TooManyExclusions) => panic!("no case excludes so much"),
        }
    }
    Ok(times)
}

/// The times by the server.
async fn listed(
    service: Service,
    queue: &str,
    id: &str,
    spec: ScheduleSpec,
    start: wkt::Timestamp,
) -> std::result::Result<Vec<wkt::Timestamp>, String> {
    let create = CreateScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: id.to_owned(),
        schedule: Some(paused(spec, queue)),
        request_id: unique("request"),
        ..Default::default()
    };
    answer(&service, async |mut it| {
        it.create_schedule(create.clone()).await
    })
    .await?;
    let list = ListScheduleMatchingTimesRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: id.to_owned(),
        start_time: Some(start),
        end_time: Some(end_of(start)),
    };
    let listed = answer(&service, async |mut it| {
        it.list_schedule_matching_times(list.clone()).await
    });
    let listed = listed.await;
    let delete = DeleteScheduleRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: id.to_owned(),
        identity: String::new(),
    };
    answer(&service, async |mut it| {
        it.delete_schedule(delete.clone()).await
    })
    .await?;
    Ok(listed?.start_time)
}

/// The answer of a server, which a busy real one gives too late now and then.
async fn answer<T>(
    service: &Service,
    call: impl AsyncFn(Service) -> std::result::Result<tonic::Response<T>, tonic::Status>,
) -> std::result::Result<T, String> {
    const ATTEMPTS: usize = 10;
    for attempt in 1.. {
        match call(service.clone()).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) if status.code() == tonic::Code::DeadlineExceeded && attempt < ATTEMPTS => {
            }
            Err(status) => return Err(format!("{:?}: {}", status.code(), status.message())),
        }
    }
    unreachable!("the last attempt returns")
}

fn paused(spec: ScheduleSpec, queue: &str) -> Schedule {
    let start = NewWorkflowExecutionInfo {
        workflow_id: "never".to_owned(),
        workflow_type: Some(WorkflowType {
            name: "Never".to_owned(),
        }),
        task_queue: task_queue(queue),
        ..Default::default()
    };
    Schedule {
        spec: Some(spec),
        action: Some(ScheduleAction {
            action: Some(Action::StartWorkflow(start)),
        }),
        policies: None,
        state: Some(ScheduleState {
            paused: true,
            ..Default::default()
        }),
    }
}

async fn namespace_id(service: &mut Service) -> Result<String> {
    let describe = DescribeNamespaceRequest {
        namespace: NAMESPACE.to_owned(),
        ..Default::default()
    };
    let described = service.describe_namespace(describe).await?.into_inner();
    Ok(described.namespace_info.expect("it has its info").id)
}

/// The end of the range that is listed: past the next nights of daylight saving time.
fn end_of(start: wkt::Timestamp) -> wkt::Timestamp {
    wkt::Timestamp {
        seconds: start.seconds + 400 * 86_400,
        nanos: 0,
    }
}

/// SplitMix64, so that every run has the same cases.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn between(&mut self, least: i32, greatest: i32) -> i32 {
        let width = u64::try_from(greatest - least + 1).expect("least comes first");
        least + i32::try_from(self.below(width)).expect("it is small")
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let place = self.below(u64::try_from(of.len()).expect("a short list"));
        of[usize::try_from(place).expect("below the length")]
    }
}

fn case(random: &mut Random) -> (ScheduleSpec, wkt::Timestamp) {
    let mut spec = ScheduleSpec {
        timezone_name: random.pick(&ZONES).to_owned(),
        ..Default::default()
    };
    for _ in 0..=random.below(2) {
        match random.below(4) {
            0 => spec.structured_calendar.push(structured(random)),
            1 => spec.calendar.push(calendar(random)),
            2 => spec.interval.push(interval(random)),
            _ => {
                let cron = cron(random, &spec.timezone_name);
                spec.cron_string.push(cron);
            }
        }
    }
    if random.one_in(3) {
        spec.exclude_structured_calendar.push(structured(random));
    }
    // A Sunday in 2000 to 2090, most often in a month in which daylight saving begins or ends.
    let weeks = i64::from(random.between(0, 90 * 52));
    let start = SUNDAY_IN_2000 + weeks * 7 * 86_400 + i64::from(random.between(-3, 3)) * 3600;
    if random.one_in(4) {
        spec.start_time = Some(at(start + i64::from(random.between(-100, 40 * 86_400))));
    }
    if random.one_in(4) {
        spec.end_time = Some(at(start + i64::from(random.between(0, 300 * 86_400))));
    }
    if random.one_in(3) {
        spec.jitter = Some(duration(
            random.between(0, 7200).into(),
            random.between(0, 1) * 500_000_000,
        ));
    }
    (spec, at(start))
}

fn at(seconds: i64) -> wkt::Timestamp {
    wkt::Timestamp { seconds, nanos: 0 }
}

fn structured(random: &mut Random) -> StructuredCalendarSpec {
    let every_day = |random: &mut Random| match random.one_in(3) {
        true => ranges(random, 1, 31),
        false => vec![all(1, 31)],
    };
    StructuredCalendarSpec {
        second: few(random, 0, 59),
        minute: few(random, 0, 59),
        hour: match random.one_in(2) {
            // The hours of the nights of daylight saving time.
            true => vec![all(0, 3)],
            false => ranges(random, 0, 23),
        },
        day_of_month: every_day(random),
        month: match random.one_in(3) {
            true => ranges(random, 1, 12),
            false => vec![all(1, 12)],
        },
        year: match random.one_in(6) {
            true => ranges(random, 2000, 2100),
            false => Vec::new(),
        },
        day_of_week: match random.one_in(3) {
            true => ranges(random, 0, 6),
            false => vec![all(0, 6)],
        },
        comment: String::new(),
    }
}

fn all(start: i32, end: i32) -> Range {
    Range {
        start,
        end,
        step: 0,
    }
}

fn few(random: &mut Random, least: i32, greatest: i32) -> Vec<Range> {
    match random.below(8) {
        0 => vec![all(least, least)],
        1 => vec![Range {
            start: random.between(least, greatest),
            end: greatest,
            step: random.between(7, 30),
        }],
        _ => vec![Range {
            start: random.between(least, greatest),
            end: 0,
            step: 0,
        }],
    }
}

/// One to three ranges; one of forty is beyond its field.
fn ranges(random: &mut Random, least: i32, greatest: i32) -> Vec<Range> {
    (0..=random.below(2))
        .map(|_| {
            let beyond = i32::from(random.one_in(80));
            let start = random.between(least - beyond, greatest);
            let beyond = i32::from(random.one_in(80));
            let negative = -i32::from(random.one_in(80));
            Range {
                start,
                end: match random.one_in(3) {
                    true => 0,
                    false => random.between(start, greatest.max(start) + beyond),
                },
                step: random.between(negative, 5),
            }
        })
        .collect()
}

fn interval(random: &mut Random) -> IntervalSpec {
    let length = match random.below(20) {
        0 => random.between(0, 1),
        1..=9 => random.between(60, 86_400),
        _ => random.between(1, 500) * 900,
    };
    let negative = -i32::from(random.one_in(20));
    let phase = random.between(negative, length + 10);
    IntervalSpec {
        interval: Some(duration(length.into(), 0)),
        phase: random.one_in(2).then(|| duration(phase.into(), 0)),
    }
}

fn calendar(random: &mut Random) -> CalendarSpec {
    CalendarSpec {
        second: random.pick(&["", "0", "30", "*/20", "60"]).to_owned(),
        minute: random.pick(MINUTES).to_owned(),
        hour: random.pick(HOURS).to_owned(),
        day_of_month: random.pick(DAYS).to_owned(),
        month: random.pick(MONTHS).to_owned(),
        year: random
            .pick(&["", "*", "2027", "2020-2080/3", "1999"])
            .to_owned(),
        day_of_week: random.pick(WEEKDAYS).to_owned(),
        comment: random.pick(&["", "a comment"]).to_owned(),
    }
}

fn cron(random: &mut Random, zone: &str) -> String {
    let times = match random.below(6) {
        0 => random.pick(CRON_STRINGS).to_owned(),
        fields => {
            let parts = [MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS].map(|of| match random.pick(of) {
                "" => "*",
                part => part,
            });
            let five = parts.join(" ");
            match fields {
                1 => format!("{five} *"),
                2 => format!("15 {five} 2020-2090"),
                3 => format!("{five} # a comment"),
                _ => five,
            }
        }
    };
    match random.below(5) {
        0 => format!("CRON_TZ={} {times}", random.pick(&ZONES)),
        1 => format!("TZ={zone} {times}"),
        _ => times,
    }
}

/// 2 January 2000, midnight in UTC.
const SUNDAY_IN_2000: i64 = 946_771_200;
const ZONES: [&str; 13] = [
    "",
    "",
    "UTC",
    "America/New_York",
    "America/New_York",
    "Europe/Berlin",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "Antarctica/Troll",
    "Europe/Nowhere",
];
const MINUTES: &[&str] = &[
    "", "0", "30", "*/15", "5-10/2", "59", "0,30", "61", "1/2/3", "5/",
];
const HOURS: &[&str] = &[
    "", "*", "1", "2", "0-3", "23", "*/6", "1-3,14", "24", "3-1", "x",
];
const DAYS: &[&str] = &["", "*", "1", "15-20", "31", "29-31", "*/7", "0", "1-2-3"];
const MONTHS: &[&str] = &[
    "", "*", "jan", "MAR-apr", "October", "2", "3/3", "11,12", "13", "ma",
];
const WEEKDAYS: &[&str] = &[
    "", "*", "sun", "Mon-Fri", "0-7", "3-7", "1-7/2", "7", "3-7/3", "tu", "sat,7", "8", "1/0",
    "1/x",
];
const CRON_STRINGS: &[&str] = &[
    "@yearly",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
    "@every 90m",
    "@every 1.5d/2h",
    "@every 14h/3h",
    "@every",
    "@every 5",
    "@every 1h/2h",
    "@every 5x",
    "@never",
    "1 2 3",
    "1 2 3 4 5 6 7 8",
    "",
    "  0 0 * * *  # comment",
];
