//! Cron expressions: what parses has times, which come one after the other and end.
//!
//! An input is the time of the last run and the current time, eight bytes each, and the expression.

use std::time::Duration;

use durably_history::{CronSchedule, Time};

pub fn run(input: &[u8]) {
    let Some((last, rest)) = input.split_first_chunk() else {
        return;
    };
    let Some((now, text)) = rest.split_first_chunk() else {
        return;
    };
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    let Ok(schedule) = CronSchedule::parse(text) else {
        return;
    };
    assert_eq!(schedule.as_str(), text);
    let mut last = Time::from_unix_nanos(i64::from_le_bytes(*last));
    let mut now = Time::from_unix_nanos(i64::from_le_bytes(*now));
    for step in 0..STEPS {
        let Some(wait) = schedule.backoff(last, now) else {
            return;
        };
        if now + wait == Time::MAX {
            return;
        }
        // Each run starts when it is due and ends at once; the next one is later.
        assert!(step == 0 || wait > Duration::ZERO, "{now:?} comes twice");
        now = now + wait;
        last = now;
    }
}

/// Enough to go through a leap year's February, few enough for a target that is called often.
const STEPS: usize = 8;
