//! Cron strings of schedules. Their fields are those of calendars: names, steps, seconds and years.

use std::time::Duration;

use durably_proto::api::schedule::v1::{CalendarSpec, IntervalSpec, StructuredCalendarSpec};

use super::calendar;
use crate::go_duration;
use crate::time::to_proto;

/// A parsed cron string.
#[derive(Debug, PartialEq)]
pub(super) struct CronString {
    /// The zone of `TZ=` or `CRON_TZ=`; empty without.
    pub(super) zone: String,
    pub(super) times: CronTimes,
}

#[derive(Debug, PartialEq)]
pub(super) enum CronTimes {
    Calendar(StructuredCalendarSpec),
    /// Of `@every`.
    Interval(IntervalSpec),
}

/// Parses a cron string of five to seven fields, `@daily` and its like, or `@every 5m/2m`, with a zone
/// in front and a comment behind.
///
/// # Errors
/// What is wrong, in the real server's words.
pub(super) fn parse(text: &str) -> Result<CronString, String> {
    let mut text = text.trim();
    let mut zone = "";
    if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
        let (named, rest) = text
            .split_once(' ')
            .ok_or("CronString has time zone but missing fields")?;
        zone = named.split_once('=').map_or("", |(_, zone)| zone);
        text = rest;
    }
    let (text, comment) = text.split_once('#').unwrap_or((text, ""));
    let text = text.trim();
    if text.starts_with("@every") {
        return Ok(CronString {
            // Intervals have no zone.
            zone: String::new(),
            times: CronTimes::Interval(parse_interval(text)?),
        });
    }
    let text = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        text => text,
    };
    // One more than the most, so that a long text is not collected.
    let fields: Vec<&str> = text.split_whitespace().take(8).collect();
    let (second, fields, year) = match fields[..] {
        [a, b, c, d, e] => ("", [a, b, c, d, e], ""),
        [a, b, c, d, e, year] => ("", [a, b, c, d, e], year),
        [second, a, b, c, d, e, year] => (second, [a, b, c, d, e], year),
        _ => return Err("CronString does not have 5-7 fields".to_owned()),
    };
    let [minute, hour, day_of_month, month, day_of_week] = fields.map(str::to_owned);
    let calendar = calendar::parse(&CalendarSpec {
        second: second.to_owned(),
        minute,
        hour,
        day_of_month,
        month,
        year: year.to_owned(),
        day_of_week,
        comment: comment.trim().to_owned(),
    })?;
    Ok(CronString {
        zone: zone.to_owned(),
        times: CronTimes::Calendar(calendar),
    })
}

fn parse_interval(text: &str) -> Result<IntervalSpec, String> {
    let (_, interval) = text
        .split_once(' ')
        .ok_or("CronString does not have interval after @every")?;
    let (interval, phase) = interval.split_once('/').unwrap_or((interval, ""));
    let interval = go_duration::parse_with_days(interval)?;
    let phase = match phase {
        "" => None,
        phase => Some(go_duration::parse_with_days(phase)?),
    };
    Ok(IntervalSpec {
        interval: Some(signed(interval)),
        phase: phase.map(signed),
    })
}

fn signed(nanos: i64) -> durably_proto::wkt::Duration {
    let length = to_proto(Duration::from_nanos(nanos.unsigned_abs()));
    match nanos < 0 {
        true => durably_proto::wkt::Duration {
            seconds: -length.seconds,
            nanos: -length.nanos,
        },
        false => length,
    }
}
