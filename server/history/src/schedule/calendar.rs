//! A calendar: the local times whose fields match it.
//!
//! The search takes the steps of the real server, so that it finds the same times on the two nights of
//! daylight saving time: a time that is skipped does not match, and one that occurs twice matches once
//! or twice as it does there. This is not what cron workflows do on these nights (see
//! [`crate::CronSchedule`]).

use durably_proto::api::schedule::v1::{CalendarSpec, StructuredCalendarSpec};
use jiff::tz::TimeZone;

use super::range::{
    DAY_OF_MONTH, DAY_OF_WEEK, Field, HOUR as HOUR_FIELD, MINUTE as MINUTE_FIELD, MONTH, SECOND,
    YEAR,
};
use crate::local_time::{HOUR, MINUTE, Moment, days_in_month};

/// A calendar, ready for searches.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    zone: TimeZone,
    seconds: Values,
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    weekdays: Values,
    /// None if every year matches.
    years: Option<Values>,
    /// Whether a field has no value that matches, so that a search would be in vain.
    is_never: bool,
}

/// The values of a field that match.
#[derive(Clone, Copy, Debug)]
struct Values {
    least: i64,
    bits: u128,
}

impl Values {
    fn has(self, value: i64) -> bool {
        match u32::try_from(value - self.least) {
            Ok(place) => self.bits.checked_shr(place).unwrap_or(0) & 1 == 1,
            Err(_) => false,
        }
    }
}

/// A local time that the search looks at; its fields may have to carry over.
struct Candidate {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Whether it is the second occurrence of an hour that occurs twice.
    repeats: bool,
}

impl Calendar {
    /// Prepares a checked calendar.
    pub(super) fn new(spec: &StructuredCalendarSpec, zone: &TimeZone) -> Self {
        let values = |field: Field, ranges| Values {
            least: field.least,
            bits: field.bits(ranges),
        };
        let mut calendar = Self {
            zone: zone.clone(),
            seconds: values(SECOND, &spec.second),
            minutes: values(MINUTE_FIELD, &spec.minute),
            hours: values(HOUR_FIELD, &spec.hour),
            days: values(DAY_OF_MONTH, &spec.day_of_month),
            months: values(MONTH, &spec.month),
            weekdays: values(DAY_OF_WEEK, &spec.day_of_week),
            years: (!spec.year.is_empty()).then(|| values(YEAR, &spec.year)),
            is_never: false,
        };
        calendar.is_never = calendar.has_empty_field();
        calendar
    }

    /// Whether a second, counted from the epoch, matches.
    pub(super) fn matches(&self, unix: i64) -> bool {
        let at = Moment::new(unix, &self.zone);
        self.has_year(at.year)
            && self.months.has(at.month)
            && self.days.has(at.day)
            && self.weekdays.has(at.weekday)
            && self.hours.has(at.hour)
            && self.minutes.has(at.minute)
            && self.seconds.has(at.second)
    }

    /// The first matching second after `after`, up to the last year of schedules.
    pub(super) fn next_after(&self, after: i64) -> Option<i64> {
        if self.is_never {
            return None;
        }
        let mut at = Candidate::after(after, &self.zone);
        loop {
            at.carry(&self.zone);
            if at.year > LAST_YEAR {
                return None;
            }
            if self.advance(&mut at) {
                continue;
            }
            let found = at.moment(&self.zone);
            // Daylight saving time skips the hour.
            if found.hour != at.hour {
                (at.hour, at.minute, at.second) = (at.hour + 1, 0, 0);
                continue;
            }
            return Some(found.unix + if at.repeats { HOUR } else { 0 });
        }
    }

    /// Moves to the next time whose fields match; returns whether fields have to carry over first.
    fn advance(&self, at: &mut Candidate) -> bool {
        if !self.has_year(at.year) {
            *at = Candidate::first_of(at.year + 1, 1, 1);
            return true;
        }
        while !self.months.has(at.month) {
            *at = Candidate::first_of(at.year, at.month + 1, 1);
            if at.month > 12 {
                return true;
            }
        }
        while !self.days.has(at.day) || !self.weekdays.has(at.moment(&self.zone).weekday) {
            *at = Candidate::first_of(at.year, at.month, at.day + 1);
            if at.day > days_in_month(at.year, at.month) {
                return true;
            }
        }
        while !self.hours.has(at.hour) {
            (at.hour, at.minute, at.second, at.repeats) = (at.hour + 1, 0, 0, false);
            if at.hour > 23 {
                return true;
            }
        }
        while !self.minutes.has(at.minute) {
            (at.minute, at.second) = (at.minute + 1, 0);
            if at.minute > 59 {
                return true;
            }
        }
        while !self.seconds.has(at.second) {
            at.second += 1;
            if at.second > 59 {
                return true;
            }
        }
        false
    }

    /// Whether a field has no value, or the months have no such day.
    fn has_empty_field(&self) -> bool {
        let Self {
            zone: _,
            seconds,
            minutes,
            hours,
            days,
            months,
            weekdays,
            years,
            is_never: _,
        } = self;
        let fields = [seconds, minutes, hours, days, months, weekdays];
        let longest = |month| days_in_month(LEAP_YEAR, month);
        let has_day = |month| (1..=longest(month)).any(|day| days.has(day));
        fields.into_iter().chain(years).any(|field| field.bits == 0)
            || !(1..=12).any(|month| months.has(month) && has_day(month))
    }

    fn has_year(&self, year: i64) -> bool {
        self.years.is_none_or(|years| years.has(year))
    }
}

impl Candidate {
    fn after(unix: i64, zone: &TimeZone) -> Self {
        let at = Moment::new(unix, zone);
        Self {
            year: at.year,
            month: at.month,
            day: at.day,
            hour: at.hour,
            minute: at.minute,
            second: at.second + 1,
            repeats: Moment::new(unix - HOUR, zone).hour == at.hour,
        }
    }

    fn first_of(year: i64, month: i64, day: i64) -> Self {
        Self {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            repeats: false,
        }
    }

    fn moment(&self, zone: &TimeZone) -> Moment {
        let clock = self.hour * HOUR + self.minute * MINUTE + self.second;
        Moment::date(self.year, self.month, self.day, clock, zone)
    }

    /// Carries fields beyond their end over to the larger ones.
    fn carry(&mut self, zone: &TimeZone) {
        if self.second > 59 {
            (self.minute, self.second) = (self.minute + 1, 0);
        }
        if self.minute > 59 {
            let start_of = |hour| {
                let clock = hour * HOUR;
                Moment::date(self.year, self.month, self.day, clock, zone).unix
            };
            let length = start_of(self.hour + 1) - start_of(self.hour);
            // After the first occurrence of an hour comes its second one.
            self.repeats = !self.repeats && length > HOUR;
            if !self.repeats {
                self.hour += 1;
            }
            self.minute = 0;
        }
        if self.hour > 23 {
            (self.day, self.hour) = (self.day + 1, 0);
        }
        if self.day > days_in_month(self.year, self.month) {
            (self.month, self.day) = (self.month + 1, 1);
        }
        if self.month > 12 {
            (self.year, self.month) = (self.year + 1, 1);
        }
    }
}

/// Converts a calendar in texts.
///
/// # Errors
/// All that is wrong, in the real server's words.
pub(super) fn parse(spec: &CalendarSpec) -> Result<StructuredCalendarSpec, String> {
    let mut problems = Vec::new();
    let mut field = |field: Field, text: &str, default| {
        let parsed = field.parse(text, default);
        parsed.unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        })
    };
    let parsed = StructuredCalendarSpec {
        second: field(SECOND, &spec.second, "0"),
        minute: field(MINUTE_FIELD, &spec.minute, "0"),
        hour: field(HOUR_FIELD, &spec.hour, "0"),
        day_of_week: field(DAY_OF_WEEK, &spec.day_of_week, "*"),
        day_of_month: field(DAY_OF_MONTH, &spec.day_of_month, "*"),
        month: field(MONTH, &spec.month, "*"),
        year: field(YEAR, &spec.year, "*"),
        comment: spec.comment.clone(),
    };
    match problems.is_empty() {
        true => Ok(parsed),
        false => Err(problems.join(", ")),
    }
}

/// Checks a calendar in ranges.
///
/// # Errors
/// All that is wrong, in the real server's words.
pub(super) fn check(spec: &StructuredCalendarSpec) -> Result<(), String> {
    let mut problems = Vec::new();
    SECOND.check(&spec.second, &mut problems);
    MINUTE_FIELD.check(&spec.minute, &mut problems);
    HOUR_FIELD.check(&spec.hour, &mut problems);
    DAY_OF_MONTH.check(&spec.day_of_month, &mut problems);
    MONTH.check(&spec.month, &mut problems);
    YEAR.check(&spec.year, &mut problems);
    DAY_OF_WEEK.check(&spec.day_of_week, &mut problems);
    if spec.comment.len() > LONGEST_COMMENT {
        problems.push("comment is too long".to_owned());
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(format!("invalid calendar spec: {}", problems.join(", "))),
    }
}

/// The last year in which schedules have times.
pub(super) const LAST_YEAR: i64 = 2100;
const LEAP_YEAR: i64 = 2000;
const LONGEST_COMMENT: usize = 200;

#[cfg(test)]
mod tests {
    use durably_proto::api::schedule::v1::Range;

    use super::*;

    #[test]
    fn a_calendar_that_can_never_match_is_not_searched() {
        let only = |value| {
            vec![Range {
                start: value,
                end: 0,
                step: 0,
            }]
        };
        let calendar = |month, day| StructuredCalendarSpec {
            second: only(0),
            minute: only(0),
            hour: only(0),
            day_of_month: only(day),
            month: only(month),
            day_of_week: only(1),
            ..StructuredCalendarSpec::default()
        };
        let is_never = |spec| Calendar::new(&spec, &TimeZone::UTC).is_never;
        assert!(is_never(calendar(2, 30)));
        assert!(is_never(calendar(4, 31)));
        assert!(!is_never(calendar(2, 29)));
        assert!(is_never(StructuredCalendarSpec {
            minute: Vec::new(),
            ..calendar(1, 1)
        }));
        assert!(is_never(StructuredCalendarSpec {
            year: only(1999),
            ..calendar(1, 1)
        }));
        let never = Calendar::new(&calendar(2, 30), &TimeZone::UTC);
        assert_eq!(never.next_after(0), None);
    }
}
