//! Parser of cron expressions.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::Rule;
use super::calendar::{Bits, Fields};
use crate::go_duration;
use crate::local_time::time_zone;

/// Parses an expression; none if it is malformed.
pub(super) fn parse(text: &str) -> Option<Rule> {
    let (zone, text) = match text
        .strip_prefix("CRON_TZ=")
        .or_else(|| text.strip_prefix("TZ="))
    {
        Some(rest) => {
            let (name, text) = rest.split_once(' ')?;
            (time_zone(name)?, text.trim())
        }
        None => (TimeZone::UTC, text),
    };
    if let Some(interval) = text.strip_prefix("@every ") {
        return parse_interval(interval).map(Rule::Every);
    }
    let text = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => text,
    };
    let [minutes, hours, days, months, weekdays] = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .try_into()
        .ok()?;
    let fields = Fields {
        minutes: parse_field(minutes, 0, 59, &[])?,
        hours: parse_field(hours, 0, 23, &[])?,
        days: parse_field(days, 1, 31, &[])?,
        months: parse_field(months, 1, 12, &MONTHS)?,
        weekdays: parse_field(weekdays, 0, 6, &WEEKDAYS)?,
        both_days_count: is_star(days) || is_star(weekdays),
    };
    Some(Rule::Fields(fields, zone))
}

/// Whether a field, or a part of its list, is a `*` without a step: `*/2` is a choice of values.
fn is_star(field: &str) -> bool {
    field.split(',').any(|part| match part.split_once('/') {
        Some((range, step)) => is_all(range) && step == "1",
        None => is_all(part),
    })
}

/// Whether a range is all values: `*` or `?`. The real server ignores what follows a hyphen behind them.
fn is_all(range: &str) -> bool {
    let first = range.split('-').next();
    matches!(first, Some("*" | "?"))
}

fn parse_field(field: &str, low: u32, high: u32, names: &[&str]) -> Option<Bits> {
    let mut bits = 0;
    for part in field.split(',').filter(|part| !part.is_empty()) {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|s| *s > 0)?)),
            None => (part, None),
        };
        let (first, last) = if is_all(range) {
            (low, high)
        } else if let Some((first, last)) = range.split_once('-') {
            (
                parse_value(first, low, names)?,
                parse_value(last, low, names)?,
            )
        } else {
            let only = parse_value(range, low, names)?;
            // `5/10` means from 5 on.
            (only, if step.is_some() { high } else { only })
        };
        if first < low || last > high || first > last {
            return None;
        }
        bits |= (first..=last)
            .step_by(usize::try_from(step.unwrap_or(1)).ok()?)
            .fold(0, |bits, value| bits | 1 << value);
    }
    Some(Bits(bits))
}

fn parse_value(text: &str, low: u32, names: &[&str]) -> Option<u32> {
    if let Some(place) = names
        .iter()
        .position(|name| text.eq_ignore_ascii_case(name))
    {
        return Some(low + u32::try_from(place).ok()?);
    }
    text.parse().ok()
}

/// A Go duration, at least one second, cut to whole seconds.
fn parse_interval(text: &str) -> Option<Duration> {
    let nanos = go_duration::parse(text).ok()?;
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(0);
    Some(Duration::from_secs(seconds.max(1)))
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
