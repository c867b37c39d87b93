//! Cron schedules: when the next run of a repeated workflow starts.

use std::time::Duration;

use crate::rejection::Invalid;
use crate::time::Time;

/// A parsed cron expression, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronSchedule {
    text: String,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// `@every 5m`: whole seconds from the last start.
    Every(Duration),
    Fields(Fields),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fields {
    minutes: Bits,
    hours: Bits,
    days: Bits,
    months: Bits,
    weekdays: Bits,
    /// `*` in one of the two day fields makes both count; otherwise either is enough.
    both_days_count: bool,
}

/// The allowed values of one field, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bits(u64);

impl Bits {
    fn has(self, value: u32) -> bool {
        self.0 & (1 << value) != 0
    }
}

impl CronSchedule {
    /// Parses a standard expression of five fields, `@hourly` and its like, or `@every <duration>`.
    ///
    /// # Errors
    /// When it is none of these, or asks for a time zone other than UTC.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule = parse_rule(text.trim())
            .ok_or_else(|| Invalid(format!("invalid CronSchedule: cannot parse {text:?}")))?;
        Ok(Self {
            text: text.to_owned(),
            rule,
        })
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How long after `now` the next run starts, in whole seconds, when the last one was due at
    /// `last`; none if the schedule has no further time.
    pub fn backoff(&self, last: Time, now: Time) -> Option<Duration> {
        let mut next = self.next_after(last)?;
        while next < now {
            // A run that outlived many of its times must not walk through all of them.
            let skip_from = match &self.rule {
                Rule::Every(interval) => skip_to(next, now, *interval),
                Rule::Fields(_) => Time::from_unix_nanos(now.as_unix_nanos() - 1),
            };
            next = self.next_after(skip_from)?;
        }
        let wait = next.since(now);
        Some(Duration::from_secs(
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
        ))
    }

    fn next_after(&self, after: Time) -> Option<Time> {
        match &self.rule {
            Rule::Every(interval) => {
                let whole = after.as_unix_nanos().div_euclid(NANOS) * NANOS;
                Some(Time::from_unix_nanos(whole) + *interval)
            }
            Rule::Fields(fields) => {
                let minute = after.as_unix_nanos().div_euclid(60 * NANOS) + 1;
                let found = fields.first_minute_from(minute)?;
                Some(Time::from_unix_nanos(found.checked_mul(60 * NANOS)?))
            }
        }
    }
}

/// The last time of an `@every` schedule before `now`, counted from `from`.
fn skip_to(from: Time, now: Time, interval: Duration) -> Time {
    let steps = now.since(from).as_nanos() / interval.as_nanos();
    let nanos = u64::try_from(interval.as_nanos() * steps).unwrap_or(u64::MAX);
    let reached = from + Duration::from_nanos(nanos);
    if reached < now {
        reached
    } else {
        // It is due this very moment, so the last time is one step back.
        from + Duration::from_nanos(nanos).saturating_sub(interval)
    }
}

impl Fields {
    /// The first allowed minute (counted from the epoch) at or after `minute`.
    fn first_minute_from(&self, minute: i64) -> Option<i64> {
        let (mut day, mut at) = (minute.div_euclid(DAY), minute.rem_euclid(DAY));
        // Within eight years every date that exists comes by, 29 February included.
        for _ in 0..=8 * 366 {
            if self.allows_day(day) {
                while at < DAY {
                    let (hour, minute) = (bit(at / 60), bit(at % 60));
                    if !self.hours.has(hour) {
                        at = (at / 60 + 1) * 60;
                    } else if self.minutes.has(minute) {
                        return Some(day * DAY + at);
                    } else {
                        at += 1;
                    }
                }
            }
            day += 1;
            at = 0;
        }
        None
    }

    fn allows_day(&self, day: i64) -> bool {
        let (month, of_month) = civil(day);
        // 1 January 1970 was a Thursday.
        let weekday = bit((day + 4).rem_euclid(7));
        let (by_date, by_weekday) = (self.days.has(of_month), self.weekdays.has(weekday));
        let by_day = if self.both_days_count {
            by_date && by_weekday
        } else {
            by_date || by_weekday
        };
        self.months.has(month) && by_day
    }
}

/// Month and day of month of a day counted from the epoch (Howard Hinnant's `civil_from_days`).
fn civil(day: i64) -> (u32, u32) {
    let z = day + 719_468;
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (bit(month), bit(of_month))
}

fn bit(value: i64) -> u32 {
    u32::try_from(value).expect("a calendar field is small and positive")
}

fn parse_rule(text: &str) -> Option<Rule> {
    let text = match text.split_once(' ') {
        Some(("CRON_TZ=UTC" | "TZ=UTC" | "CRON_TZ=Etc/UTC" | "TZ=Etc/UTC", rest)) => rest.trim(),
        _ => text,
    };
    if let Some(interval) = text.strip_prefix("@every ") {
        return parse_interval(interval.trim()).map(Rule::Every);
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
    Some(Rule::Fields(Fields {
        minutes: parse_field(minutes, 0, 59, &[])?,
        hours: parse_field(hours, 0, 23, &[])?,
        days: parse_field(days, 1, 31, &[])?,
        months: parse_field(months, 1, 12, &MONTHS)?,
        weekdays: parse_field(weekdays, 0, 6, &WEEKDAYS)?,
        both_days_count: is_star(days) || is_star(weekdays),
    }))
}

/// Whether a field, or a part of its list, is a `*` without a step: `*/2` is a choice of values.
fn is_star(field: &str) -> bool {
    let is_star = |part: &str| matches!(part, "*" | "?" | "*/1" | "?/1");
    field.split(',').any(is_star)
}

fn parse_field(field: &str, low: u32, high: u32, names: &[&str]) -> Option<Bits> {
    let mut bits = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|s| *s > 0)?)),
            None => (part, None),
        };
        let (first, last) = if matches!(range, "*" | "?") {
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

/// A Go duration such as `1h30m` or `2.5s`, at least one second, cut to whole seconds.
fn parse_interval(mut text: &str) -> Option<Duration> {
    let mut total = 0.0;
    while !text.is_empty() {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = text[..digits].parse().ok()?;
        let unit = &text[digits..];
        let letters = unit
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(unit.len());
        total += amount
            * match &unit[..letters] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        text = &unit[letters..];
    }
    let seconds = Duration::try_from_secs_f64(total).ok()?.as_secs();
    Some(Duration::from_secs(seconds.max(1)))
}

const NANOS: i64 = 1_000_000_000;
const DAY: i64 = 24 * 60;
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
