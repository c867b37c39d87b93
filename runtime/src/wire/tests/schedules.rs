//! Whether a described schedule is the one that was sent.

use std::time::Duration;

use durably_engine::{Header, Payload, RetryPolicy};

use super::{
    calendar::Calendar,
    schedule::{Action, Schedule},
    schedule_spec::{Interval, Overlap, ScheduleSpec},
};
use crate::time::{Time, hours, mins, secs};

fn named(value: &str) -> Header {
    Header::from([("name".to_owned(), Payload::json(value.into()))])
}

fn schedule() -> Schedule {
    let mut spec = ScheduleSpec::default();
    spec.calendars = vec![Calendar::daily(2, 0)];
    spec.intervals = vec![Interval::every(hours(1))];
    spec.time_zone = Some("UTC".to_owned());
    Schedule {
        spec,
        action: Action {
            workflow_id: "report".to_owned(),
            workflow_type: "Report".to_owned(),
            task_queue: "reports".to_owned(),
            input: vec![Payload::json("1".into())],
            ..Action::default()
        },
        overlap: Overlap::Skip,
        catch_up: None,
        pause_on_failure: false,
        keep_workflow_id: false,
        note: String::new(),
        is_paused: false,
        remaining: Some(5),
    }
}

fn changed(change: impl FnOnce(&mut Schedule)) -> Schedule {
    let mut schedule = schedule();
    change(&mut schedule);
    schedule
}

#[test]
fn a_schedule_that_differs_in_one_field_is_not_as_it_was_sent() {
    let changes: [fn(&mut Schedule); 27] = [
        |it| it.spec.calendars[0].comment.push('x'),
        |it| it.spec.calendars.push(Calendar::daily(3, 0)),
        |it| it.spec.intervals[0].offset = mins(1),
        |it| it.spec.intervals.clear(),
        |it| it.spec.skip.push(Calendar::daily(2, 0)),
        |it| it.spec.start = Some(Time::UNIX_EPOCH),
        |it| it.spec.end = Some(Time::UNIX_EPOCH),
        |it| it.spec.jitter = Some(secs(1)),
        |it| it.spec.time_zone = Some("Europe/Berlin".to_owned()),
        |it| it.action.workflow_id.push('x'),
        |it| it.action.workflow_type.push('x'),
        |it| it.action.task_queue.push('x'),
        |it| it.action.input.clear(),
        |it| it.action.header = named("1"),
        |it| it.action.execution_timeout = Some(secs(1)),
        |it| it.action.run_timeout = Some(secs(1)),
        |it| it.action.task_timeout = Some(secs(1)),
        |it| it.action.retry = Some(RetryPolicy::default()),
        |it| it.action.memo = named("1"),
        |it| it.action.search_attributes = named("1"),
        |it| it.overlap = Overlap::AllowAll,
        |it| it.pause_on_failure = true,
        |it| it.keep_workflow_id = true,
        |it| it.note.push('x'),
        |it| it.is_paused = true,
        |it| it.remaining = None,
        |it| it.remaining = Some(6),
    ];
    let sent = schedule();
    assert!(sent.is_as_sent(&sent, 0));
    for (index, change) in changes.into_iter().enumerate() {
        assert!(!changed(change).is_as_sent(&sent, 9), "change {index}");
        // With a cron expression servers add to the times.
        let with_cron = changed(|it| it.spec.crons.push("@daily".to_owned()));
        let mut described = changed(change);
        described.spec.calendars.insert(1, Calendar::daily(0, 0));
        assert!(!described.is_as_sent(&with_cron, 9), "change {index}");
    }
    let catch_up = changed(|it| it.catch_up = Some(hours(1)));
    assert!(catch_up.is_as_sent(&sent, 0) && !sent.is_as_sent(&catch_up, 0));
}

#[test]
fn what_servers_compute_is_not_compared() {
    let sent = changed(|it| {
        it.spec.crons = vec![
            "CRON_TZ=Europe/Berlin @daily".to_owned(),
            "@every 5m".to_owned(),
        ];
        it.spec.time_zone = None;
        it.action.search_attributes = named("\"a\"");
    });
    let described = changed(|it| {
        it.spec.calendars.push(Calendar::daily(0, 0));
        it.spec.intervals.push(Interval::every(mins(5)));
        it.spec.time_zone = Some("Europe/Berlin".to_owned());
        it.catch_up = Some(hours(24));
        it.action.search_attributes = named("\"a\"");
        let attribute = it.action.search_attributes.get_mut("name");
        let attribute = attribute.expect("it was set just now");
        attribute.set_metadata("type", b"Keyword".to_vec());
    });
    assert!(described.is_as_sent(&sent, 0));
    let fewer = changed(|it| it.spec.calendars.push(Calendar::daily(0, 0)));
    assert!(!fewer.is_as_sent(&sent, 0));
}

#[test]
fn starts_since_the_description_lower_the_remaining_number() {
    let left = changed(|it| it.remaining = Some(3));
    assert!(left.is_as_sent(&schedule(), 2) && left.is_as_sent(&schedule(), 3));
    assert!(!left.is_as_sent(&schedule(), 1));
}

#[test]
fn limits_of_zero_are_described_as_none() {
    let zero = Some(Duration::ZERO);
    let sent = changed(|it| {
        it.spec.jitter = zero;
        it.catch_up = zero;
        it.action.execution_timeout = zero;
        it.action.run_timeout = zero;
        it.action.task_timeout = zero;
        it.action.retry = Some(RetryPolicy {
            maximum_interval: zero,
            ..RetryPolicy::default()
        });
    });
    let described = changed(|it| it.action.retry = Some(RetryPolicy::default()));
    assert_eq!(sent.normalised(), Ok(described));
    let full = changed(|it| it.spec.jitter = Some(secs(1)));
    assert_eq!(full.clone().normalised(), Ok(full));
}
