//! Workflows that are repeated by a schedule.

use std::time::Duration;

use durably_history::{CronSchedule, Time};

use crate::case::Case;
use crate::command::{complete, fail, failure, payloads};
use crate::continue_as_new::started;

/// Sunday, 9 September 2001, 01:46:40 UTC.
const NOW: Time = Time::from_unix_nanos(1_000_000_000_000_000_000);

#[track_caller]
fn waits(schedule: &str, seconds: u64) {
    let parsed = CronSchedule::parse(schedule).expect("a schedule");
    assert_eq!(
        parsed.backoff(NOW, NOW),
        Some(Duration::from_secs(seconds)),
        "{schedule}"
    );
}

#[test]
fn schedules_name_their_next_time() {
    waits("* * * * *", 20);
    waits("0 * * * *", 13 * 60 + 20);
    waits("@hourly", 13 * 60 + 20);
    waits("*/5 * * * *", 3 * 60 + 20);
    waits("0 2 * * *", 13 * 60 + 20);
    waits("0 1 * * *", 23 * 3600 + 13 * 60 + 20);
    waits("@daily", 22 * 3600 + 13 * 60 + 20);
    waits("0 0 * * MON", 22 * 3600 + 13 * 60 + 20);
    waits("0 0 * * 1-5", 22 * 3600 + 13 * 60 + 20);
    waits("50 1 9 9 *", 3 * 60 + 20);
    waits("0 0 1 jan *", (113 * 24 + 22) * 3600 + 13 * 60 + 20);
    waits("@every 90s", 90);
    waits("@every 1h30m", 5400);
    waits("CRON_TZ=UTC 0 2 * * *", 13 * 60 + 20);
}

#[test]
fn either_day_field_matches_unless_one_is_a_star() {
    const DAY: u64 = 24 * 3600;
    let midnight = 22 * 3600 + 13 * 60 + 20;
    // From Sunday the 9th on: Friday is the 14th.
    waits("0 0 11 * 5", midnight + DAY);
    waits("0 0 * * 5", midnight + 4 * DAY);
    waits("0 0 1,* * 5", midnight + 4 * DAY);
    waits("0 0 */1 * 5", midnight + 4 * DAY);
    waits("0 0 */2 * 5", midnight + DAY);
    waits("0 0 28 * */2", midnight + DAY);
}

#[test]
fn an_interval_that_ends_this_very_moment_is_due_now() {
    let parsed = CronSchedule::parse("@every 10s").expect("a schedule");
    let after = |seconds| parsed.backoff(NOW, NOW + Duration::from_secs(seconds));
    assert_eq!(after(10), Some(Duration::ZERO));
    assert_eq!(after(30), Some(Duration::ZERO));
    assert_eq!(after(31), Some(Duration::from_secs(9)));
}

#[test]
fn what_follows_a_star_and_a_hyphen_does_not_count() {
    for (text, same) in [
        ("*-5 3 * * *", "* 3 * * *"),
        ("?-x 3 * * *", "* 3 * * *"),
        ("0 *-5/2 * * *", "0 */2 * * *"),
        // A star in the day of the month leaves the day of the week to decide.
        ("0 0 *-2 * mon", "0 0 * * mon"),
    ] {
        let times = |text: &str| {
            let parsed = CronSchedule::parse(text).expect("a schedule");
            let mut at = NOW;
            [(); 9].map(|()| {
                at = at + parsed.backoff(at, at).expect("it has a time");
                at
            })
        };
        assert_eq!(times(text), times(same), "{text}");
    }
}

#[test]
fn the_29th_of_february_is_found_years_ahead() {
    let parsed = CronSchedule::parse("0 0 29 2 *").expect("a schedule");
    let wait = parsed.backoff(NOW, NOW).expect("a leap year comes");
    // 29 February 2004.
    assert_eq!((NOW + wait).as_unix_nanos(), 1_078_012_800_000_000_000);
}

#[test]
fn an_invalid_schedule_is_refused() {
    for bad in [
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "*/0 * * * *",
        "@every x",
        "@every  1h",
        "@every 1h ",
        "1-2-3 * * * *",
        "5/10/2 * * * *",
        "5-1 * * * *",
        "CRON_TZ=Mars * * * * *",
        "CRON_TZ=america/new_york * * * * *",
        "CRON_TZ=UTC",
        " CRON_TZ=UTC * * * * *",
        "0 0 30 2 *",
    ] {
        assert!(CronSchedule::parse(bad).is_err(), "{bad:?}");
    }
}

/// Nights on which clocks change, with what the real server's library makes of them.
#[test]
fn schedules_follow_daylight_saving_as_robfig_cron_does() {
    for (text, after, expected) in [
        // 02:30 does not exist on 14 March 2021 in New York; the next one is a day later.
        (
            "CRON_TZ=America/New_York 30 2 * * *",
            "2021-03-13T20:00:00Z",
            "2021-03-15T06:30:00Z",
        ),
        (
            "TZ=America/New_York 0 3 * * *",
            "2021-03-13T20:00:00Z",
            "2021-03-14T07:00:00Z",
        ),
        // 01:30 comes twice on 7 November 2021.
        (
            "CRON_TZ=America/New_York 30 1 * * *",
            "2021-11-06T20:00:00Z",
            "2021-11-07T05:30:00Z",
        ),
        (
            "CRON_TZ=America/New_York 30 1 * * *",
            "2021-11-07T05:30:00Z",
            "2021-11-07T06:30:00Z",
        ),
        (
            "CRON_TZ=America/New_York 30 1 * * *",
            "2021-11-07T06:30:00Z",
            "2021-11-08T06:30:00Z",
        ),
        // Midnight does not exist on 27 March 2022 in Beirut.
        (
            "CRON_TZ=Asia/Beirut @daily",
            "2022-03-26T20:00:00Z",
            "2022-03-27T21:00:00Z",
        ),
        (
            "CRON_TZ=America/New_York @every 1h",
            "2021-03-14T06:30:00Z",
            "2021-03-14T07:30:00Z",
        ),
    ] {
        let time = |text: &str| -> Time {
            text.parse::<durably_proto::wkt::Timestamp>()
                .expect("a time")
                .into()
        };
        let parsed = CronSchedule::parse(text).expect("a schedule");
        let after = time(after);
        let wait = parsed.backoff(after, after).expect("it has a time");
        assert_eq!(after + wait, time(expected), "{text} after {after:?}");
    }
}

#[test]
fn a_run_that_outlives_its_times_waits_for_the_next() {
    let parsed = CronSchedule::parse("@every 10s").expect("a schedule");
    let late = NOW + Duration::from_millis(3_000_000_500);
    assert_eq!(parsed.backoff(NOW, late), Some(Duration::from_secs(10)));
}

#[test]
fn a_run_of_the_first_moment_has_a_next_time() {
    let parsed = CronSchedule::parse("@every 10s").expect("a schedule");
    let first = Time::from_unix_nanos(i64::MIN);
    assert_eq!(parsed.backoff(first, first), Some(Duration::from_secs(10)));
}

#[test]
fn each_run_starts_at_its_time_with_the_last_result() {
    let mut case = Case::start_with(|request| request.cron_schedule = "* * * * *".to_owned());
    case.expect(&["1 workflow_execution_started attempt=1 backoff=20s"]);
    case.ring();
    case.work(vec![complete("one")]);
    case.expect(&[
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 workflow_execution_completed completed=4 one",
    ]);
    let mut next = case.next_run();
    next.expect(&[
        "1 workflow_execution_started attempt=1 after=run-1 by=CONTINUE_AS_NEW_INITIATOR_CRON_SCHEDULE backoff=60s",
    ]);
    assert_eq!(started(&next).last_completion_result, Some(payloads("one")));
    next.ring();
    next.work(vec![fail(failure("two", "Two"))]);
    let third = next.next_run();
    assert_eq!(
        started(&third).last_completion_result,
        Some(payloads("one")),
        "the last result survives a failure"
    );
    assert_eq!(
        started(&third).continued_failure,
        Some(failure("two", "Two"))
    );
}
