//! Cron schedules: compute when the next run of a repeated workflow starts.
//!
//! The rules are those of robfig/cron, which the real server uses, including the two nights a year
//! on which daylight saving begins and ends, so that a schedule has the same times on either
//! server.

mod calendar;
mod expression;

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::rejection::Invalid;
use crate::time::Time;
use calendar::Fields;

/// A parsed cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronSchedule {
    text: String,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// `@every 5m`: whole seconds from the last start.
    Every(Duration),
    /// Times whose local time in this zone matches the fields.
    Fields(Fields, TimeZone),
}

impl CronSchedule {
    /// Parses a standard expression of five fields, `@hourly` and its like, or `@every <duration>`;
    /// `CRON_TZ=<zone> ` or `TZ=<zone> ` in front of it names a time zone other than UTC.
    ///
    /// # Errors
    /// [`Invalid`] if the expression is malformed, names an unknown zone, or no date satisfies it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule =
            expression::parse(text).ok_or_else(|| Invalid("invalid CronSchedule.".to_owned()))?;
        let schedule = Self {
            text: text.to_owned(),
            rule,
        };
        // A schedule that is ever satisfied has a time within five years of any start.
        if schedule.next_after(Time::default()).is_none() {
            return Err(Invalid(
                "invalid CronSchedule, no time can be found to satisfy the schedule".to_owned(),
            ));
        }
        Ok(schedule)
    }

    /// The schedule of a stored run. Earlier versions accepted spaces around the duration of `@every`.
    pub(crate) fn of_stored(text: &str) -> Result<Self, Invalid> {
        Self::parse(text).or_else(|invalid| match text.split_once("@every ") {
            Some((zone, duration)) => Self::parse(&format!("{zone}@every {}", duration.trim())),
            None => Err(invalid),
        })
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The delay from `now` to the next run, in whole seconds, when the last one was due at `last`;
    /// none if the schedule has no further time.
    pub fn backoff(&self, last: Time, now: Time) -> Option<Duration> {
        // A run that started before its time does not use it up.
        let mut next = match now < last {
            true => last,
            false => self.next_after(last)?,
        };
        while next < now {
            // After a run that outlived many of its times, the search skips ahead instead of
            // enumerating them.
            let skip_from = match &self.rule {
                Rule::Every(interval) => skip_to(next, now, *interval),
                Rule::Fields(..) => Time::from_unix_nanos(now.as_unix_nanos() - 1),
            };
            next = self.next_after(skip_from)?;
        }
        let wait = next.since(now);
        Some(Duration::from_secs(
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
        ))
    }

    fn next_after(&self, after: Time) -> Option<Time> {
        let seconds = after.as_unix_nanos().div_euclid(NANOS);
        match &self.rule {
            // The first second there is has begun before the first moment there is.
            Rule::Every(interval) => {
                Some(Time::from_unix_nanos(seconds.saturating_mul(NANOS)) + *interval)
            }
            Rule::Fields(fields, zone) => {
                let found = fields.next_after(seconds, zone)?;
                Some(Time::from_unix_nanos(found.checked_mul(NANOS)?))
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
        // `now` is a time of the schedule, so the last one before it is one interval back.
        from + Duration::from_nanos(nanos).saturating_sub(interval)
    }
}

const NANOS: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_interval_may_have_spaces_around_it() {
        for (stored, written) in [
            ("@every  1h ", "@every 1h"),
            ("CRON_TZ=UTC @every \t90s", "CRON_TZ=UTC @every 90s"),
            ("@every 1h", "@every 1h"),
        ] {
            let schedule = CronSchedule::of_stored(stored).expect("it was accepted");
            assert_eq!(schedule.as_str(), written);
        }
        assert!(CronSchedule::of_stored("@every").is_err());
    }
}
