//! The times of schedules. The end-to-end tests compare a thousand generated specifications with the real
//! server's; these say what happens in words.

use durably_history::Time;
use durably_history::schedule::{Spec, TooManyExclusions};
use durably_proto::api::schedule::v1::{
    CalendarSpec, IntervalSpec, Range, ScheduleSpec, StructuredCalendarSpec,
};
use durably_proto::{Message as _, wkt};

const SEED: &str = "namespace-schedule";

fn at(text: &str) -> Time {
    let stamp: wkt::Timestamp = text.parse().expect("a time of RFC 3339");
    stamp.into()
}

fn cron(text: &str) -> ScheduleSpec {
    ScheduleSpec {
        cron_string: vec![text.to_owned()],
        ..ScheduleSpec::default()
    }
}

fn every(seconds: i64) -> ScheduleSpec {
    ScheduleSpec {
        interval: vec![IntervalSpec {
            interval: Some(length(seconds)),
            phase: None,
        }],
        ..ScheduleSpec::default()
    }
}

fn length(seconds: i64) -> wkt::Duration {
    wkt::Duration { seconds, nanos: 0 }
}

/// The first times after a time.
fn times(spec: ScheduleSpec, after: &str, count: usize) -> Vec<String> {
    let spec = Spec::new(spec).expect("a good specification");
    let mut times = Vec::new();
    let mut after = at(after);
    while times.len() < count
        && let Some(next) = spec.next_after(after, SEED).expect("it is found")
    {
        after = next.actual;
        times.push(wkt::Timestamp::from(next.actual).to_string());
    }
    times
}

fn refused(spec: ScheduleSpec) -> String {
    Spec::new(spec).expect_err("a bad specification").0
}

#[test]
fn a_skipped_hour_has_no_time() {
    let spec = cron("CRON_TZ=America/New_York 30 2 * * *");
    let expected = [
        "2027-03-13T07:30:00Z",
        "2027-03-15T06:30:00Z",
        "2027-03-16T06:30:00Z",
    ];
    assert_eq!(times(spec, "2027-03-12T12:00:00Z", 3), expected);
}

#[test]
fn a_repeated_hour_has_its_times_twice() {
    let spec = cron("CRON_TZ=America/New_York 30 1 * * *");
    let expected = [
        "2027-11-06T05:30:00Z",
        "2027-11-07T05:30:00Z",
        "2027-11-07T06:30:00Z",
        "2027-11-08T06:30:00Z",
    ];
    assert_eq!(times(spec, "2027-11-05T12:00:00Z", 4), expected);
}

#[test]
fn intervals_are_counted_from_the_epoch_and_shifted_by_their_phase() {
    let mut spec = every(3600);
    spec.interval[0].phase = Some(length(300));
    let expected = ["2027-01-01T00:05:00Z", "2027-01-01T01:05:00Z"];
    assert_eq!(times(spec, "2027-01-01T00:00:00Z", 2), expected);
}

#[test]
fn fields_have_names_ranges_and_steps() {
    let spec = cron("0 8-18/5 * jan-mar Mon-Fri");
    let expected = [
        "2027-01-01T08:00:00Z",
        "2027-01-01T13:00:00Z",
        "2027-01-01T18:00:00Z",
        "2027-01-04T08:00:00Z",
    ];
    assert_eq!(times(spec, "2026-12-31T12:00:00Z", 4), expected);
}

#[test]
fn excluded_times_are_left_out() {
    let spec = ScheduleSpec {
        exclude_structured_calendar: vec![StructuredCalendarSpec {
            second: vec![range(0, 59)],
            minute: vec![range(0, 59)],
            hour: vec![range(0, 23)],
            day_of_month: vec![range(25, 25)],
            month: vec![range(12, 12)],
            day_of_week: vec![range(0, 6)],
            ..StructuredCalendarSpec::default()
        }],
        ..cron("@daily")
    };
    let expected = ["2027-12-24T00:00:00Z", "2027-12-26T00:00:00Z"];
    assert_eq!(times(spec, "2027-12-23T12:00:00Z", 2), expected);
}

fn range(start: i32, end: i32) -> Range {
    Range {
        start,
        end,
        step: 0,
    }
}

#[test]
fn times_lie_between_start_and_end() {
    let spec = ScheduleSpec {
        start_time: Some(at("2027-06-01T00:00:00Z").into()),
        end_time: Some(at("2027-06-02T00:00:00Z").into()),
        ..cron("@daily")
    };
    let expected = ["2027-06-01T00:00:00Z", "2027-06-02T00:00:00Z"];
    assert_eq!(times(spec, "2027-01-01T00:00:00Z", 9), expected);
}

#[test]
fn jitter_is_that_of_the_real_server_for_the_same_namespace_and_id() {
    let spec = ScheduleSpec {
        jitter: Some(length(600)),
        ..every(3600)
    };
    let spec = Spec::new(spec).expect("a good specification");
    let seed = "01a22980-4062-7226-8c7b-036435ade973-nightly-fixture";
    let mut after = at("2027-01-01T00:00:00Z");
    for expected in [
        "2027-01-01T01:07:44.100Z",
        "2027-01-01T02:09:21.861Z",
        "2027-01-01T03:00:57.498Z",
    ] {
        let next = spec.next_after(after, seed).expect("it is found");
        after = next.expect("there is one").actual;
        assert_eq!(after, at(expected));
    }
}

#[test]
fn jitter_does_not_pass_the_next_time() {
    let spec = ScheduleSpec {
        jitter: Some(length(86_400)),
        ..every(60)
    };
    let spec = Spec::new(spec).expect("a good specification");
    let mut after = at("2027-01-01T00:00:00Z");
    for _ in 0..1000 {
        let next = spec.next_after(after, SEED).expect("it is found");
        let next = next.expect("there is one");
        assert!(next.actual.since(next.nominal).as_secs() < 60);
        after = next.actual;
    }
}

#[test]
fn a_calendar_that_no_date_satisfies_has_no_times() {
    for never in ["0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
        assert_eq!(times(cron(never), "2027-01-01T00:00:00Z", 1), [""; 0]);
    }
    let past = ScheduleSpec {
        end_time: Some(at("2020-01-01T00:00:00Z").into()),
        ..cron("@hourly")
    };
    assert_eq!(times(past, "2027-01-01T00:00:00Z", 1), [""; 0]);
}

#[test]
fn a_search_gives_up_when_it_meets_exclusions_only() {
    let always = StructuredCalendarSpec {
        second: vec![range(0, 59)],
        minute: vec![range(0, 59)],
        hour: vec![range(0, 23)],
        day_of_month: vec![range(1, 31)],
        month: vec![range(1, 12)],
        day_of_week: vec![range(0, 6)],
        ..StructuredCalendarSpec::default()
    };
    // Two weeks of seconds.
    for (end, expected) in [
        ("2027-01-15T00:00:00Z", Err(TooManyExclusions)),
        ("2027-01-14T23:59:59Z", Ok(None)),
    ] {
        let spec = ScheduleSpec {
            exclude_structured_calendar: vec![always.clone()],
            end_time: Some(at(end).into()),
            ..every(1)
        };
        let spec = Spec::new(spec).expect("a good specification");
        let next = spec.next_after(at("2027-01-01T00:00:00Z"), SEED);
        assert_eq!(next, expected, "until {end}");
    }
}

#[test]
fn texts_become_ranges() {
    let spec = ScheduleSpec {
        calendar: vec![CalendarSpec {
            hour: "2".to_owned(),
            day_of_week: "fri-7/2".to_owned(),
            comment: "at night".to_owned(),
            ..CalendarSpec::default()
        }],
        cron_string: vec!["@every 1.5d/2h".to_owned()],
        ..ScheduleSpec::default()
    };
    let spec = Spec::new(spec).expect("a good specification");
    let canonical = spec.canonical();
    assert!(canonical.calendar.is_empty() && canonical.cron_string.is_empty());
    let [calendar] = &canonical.structured_calendar[..] else {
        panic!("one calendar: {canonical:?}");
    };
    assert_eq!(calendar.comment, "at night");
    // 7 is Sunday, which comes first.
    let days: Vec<_> = calendar
        .day_of_week
        .iter()
        .map(|it| (it.start, it.end))
        .collect();
    assert_eq!(days, [(0, 0), (5, 6)]);
    let [interval] = &canonical.interval[..] else {
        panic!("one interval: {canonical:?}");
    };
    assert_eq!(interval.interval, Some(length(129_600)));
    assert_eq!(interval.phase, Some(length(7200)));
}

#[test]
fn mistakes_are_described_in_the_real_servers_words() {
    let zone = |name: &str| ScheduleSpec {
        timezone_name: name.to_owned(),
        ..every(60)
    };
    for (spec, problem) in [
        (every(0), "interval is too small"),
        (cron("* * * *"), "CronString does not have 5-7 fields"),
        (cron("61 * * * *"), "Minute is not in range [0-59]"),
        (
            cron("* 5-3 * * *"),
            "Hour End is before Start or not in range [0-23]",
        ),
        (cron("1/2/3 * * * *"), "Minute has too many slashes"),
        (cron("* * 1-2-3 * *"), "DayOfMonth has too many dashes"),
        (
            cron("1/x * * * *"),
            "strconv.Atoi: parsing \"x\": invalid syntax",
        ),
        (
            cron("TZ=UTC"),
            "CronString has time zone but missing fields",
        ),
        (
            cron("@every"),
            "CronString does not have interval after @every",
        ),
        (
            cron("@every 5x"),
            "time: unknown unit \"x\" in duration \"5x\"",
        ),
        (zone("Europe/Nowhere"), "unknown time zone Europe/Nowhere"),
        (zone("../etc"), "time: invalid location name"),
    ] {
        assert_eq!(refused(spec), format!("Invalid schedule spec: {problem}"));
    }
}

/// Requests may have any bytes. A generator of numbers damages those of a good specification.
#[test]
fn damaged_specifications_are_refused_or_have_times_in_order() {
    let spec = ScheduleSpec {
        calendar: vec![CalendarSpec {
            hour: "*/6".to_owned(),
            ..CalendarSpec::default()
        }],
        cron_string: vec!["TZ=Europe/Berlin 0 12 * * mon-fri 2027-2030 # noon".to_owned()],
        structured_calendar: vec![StructuredCalendarSpec {
            hour: vec![range(1, 5)],
            day_of_month: vec![range(1, 31)],
            month: vec![range(1, 12)],
            day_of_week: vec![range(0, 6)],
            year: vec![range(2027, 2029)],
            ..StructuredCalendarSpec::default()
        }],
        exclude_structured_calendar: vec![StructuredCalendarSpec {
            hour: vec![range(9, 10)],
            ..StructuredCalendarSpec::default()
        }],
        start_time: Some(at("2027-01-01T00:00:00Z").into()),
        end_time: Some(at("2029-01-01T00:00:00Z").into()),
        jitter: Some(length(600)),
        ..every(7200)
    };
    let bytes = spec.encode_to_vec();
    let mut seed = 20_261_130;
    let mut random = |limit: usize| {
        seed = u64::wrapping_add(seed, 0x9e37_79b9_7f4a_7c15);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed ^ (mixed >> 27)) >> 1).expect("64 bits") % limit
    };
    let (mut refused, mut found) = (0, 0);
    for _ in 0..300 {
        let mut damaged = bytes.clone();
        for _ in 0..=random(3) {
            let place = random(damaged.len());
            damaged[place] = u8::try_from(random(256)).expect("a byte");
        }
        let Ok(spec) = ScheduleSpec::decode(&*damaged) else {
            continue;
        };
        let Ok(spec) = Spec::new(spec) else {
            refused += 1;
            continue;
        };
        for after in [i64::MIN, -1, 0, 1_798_761_600_000_000_001, i64::MAX] {
            let mut after = Time::from_unix_nanos(after);
            for _ in 0..3 {
                match spec.next_after(after, SEED) {
                    Ok(Some(next)) => {
                        assert!(
                            next.actual > after && next.nominal <= next.actual,
                            "{spec:?}"
                        );
                        after = next.actual;
                        found += 1;
                    }
                    Ok(None) | Err(TooManyExclusions) => break,
                }
            }
        }
    }
    assert!(refused > 20 && found > 20, "{refused} {found}");
}
