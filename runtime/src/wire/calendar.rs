//! Calendars: times by their second, minute, hour, day and so on.

use std::{fmt, iter::StepBy, ops::RangeInclusive};

use durably_proto::api::schedule::v1 as proto;

use super::{Fault, WireError};
use crate::text::Text;

/// Times by the calendar: those whose second, minute, hour, day of the month, month, year and day of the week
/// are all among the given ones.
///
/// [`Calendar::daily`] and its like are the usual ones. [`Calendar::new`] is every day at midnight, to be
/// changed field by field:
///
/// ```
/// use durably::schedule::{Calendar, Weekday};
///
/// let backup = Calendar::daily(2, 0);
/// let report = Calendar::weekly(Weekday::Monday, 9, 30);
/// let invoices = Calendar::monthly(1, 6, 0);
/// let party = Calendar::yearly(12, 31, 20, 0);
/// let poll = Calendar::hourly(15);
///
/// // Every ten minutes of the working hours, in March and April.
/// let busy = Calendar::new()
///     .minute((0..=59).step_by(10))
///     .hour(8..=17)
///     .day_of_week(Weekday::Monday..=Weekday::Friday)
///     .month([3, 4])
///     .comment("tax season");
/// assert_eq!(busy.minute.to_string(), "0-50/10");
///
/// let once = Calendar::daily(12, 0).second(30).day_of_month(24).month(12).year(2027);
/// assert_eq!(once.year.to_string(), "2027");
/// ```
///
/// The schedule's time zone decides what time it is, UTC by default. A time that a change to summer time skips
/// is left out, and one that comes twice counts twice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calendar {
    /// 0 to 59.
    pub second: Values,
    /// 0 to 59.
    pub minute: Values,
    /// 0 to 23.
    pub hour: Values,
    /// 1 to 31.
    pub day_of_month: Values,
    /// 1 to 12.
    pub month: Values,
    /// All years, if there are no values.
    pub year: Values,
    /// 0 to 6, where 0 is Sunday.
    pub day_of_week: Values,
    /// What it is for.
    pub comment: String,
}

/// A day of the week.
///
/// ```
/// use durably::schedule::{Calendar, Weekday};
///
/// let weekend = Calendar::daily(10, 0).day_of_week([Weekday::Saturday, Weekday::Sunday]);
/// assert_eq!(weekend.day_of_week.to_string(), "6,0");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weekday {
    /// 0.
    Sunday,
    /// 1.
    Monday,
    /// 2.
    Tuesday,
    /// 3.
    Wednesday,
    /// 4.
    Thursday,
    /// 5.
    Friday,
    /// 6.
    Saturday,
}

/// Values of one field of a [`Calendar`]: a number, a range, a range in steps, or several numbers.
///
/// ```
/// use durably::schedule::Values;
///
/// assert_eq!(Values::from(5).to_string(), "5");
/// assert_eq!(Values::from(8..=17).to_string(), "8-17");
/// assert_eq!(Values::from((0..=59).step_by(15)).to_string(), "0-45/15");
/// assert_eq!(Values::from([1, 15]).to_string(), "1,15");
/// assert!(Values::from(8..=17).contains(9) && !Values::from(8..=17).is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<Range>);

/// `start` and each `step` after it, up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: u16,
    end: u16,
    step: u16,
}

impl Calendar {
    /// Every day at midnight.
    pub fn new() -> Self {
        Self {
            second: 0.into(),
            minute: 0.into(),
            hour: 0.into(),
            day_of_month: (1..=31).into(),
            month: (1..=12).into(),
            year: Values::default(),
            day_of_week: (0..=6).into(),
            comment: String::new(),
        }
    }

    /// Every hour, at this minute.
    pub fn hourly(minute: u16) -> Self {
        Self::new().hour(0..=23).minute(minute)
    }

    /// Every day at this time.
    pub fn daily(hour: u16, minute: u16) -> Self {
        Self::new().hour(hour).minute(minute)
    }

    /// On one day of each week.
    pub fn weekly(day: Weekday, hour: u16, minute: u16) -> Self {
        Self::daily(hour, minute).day_of_week(day)
    }

    /// On one day of each month, from 1; months that do not have it are left out.
    pub fn monthly(day: u16, hour: u16, minute: u16) -> Self {
        Self::daily(hour, minute).day_of_month(day)
    }

    /// On one day of each year: January is month 1.
    pub fn yearly(month: u16, day: u16, hour: u16, minute: u16) -> Self {
        Self::monthly(day, hour, minute).month(month)
    }

    /// The seconds, 0 to 59; 0 by default.
    #[must_use]
    pub fn second(self, second: impl Into<Values>) -> Self {
        Self {
            second: second.into(),
            ..self
        }
    }

    /// The minutes, 0 to 59; 0 by default.
    #[must_use]
    pub fn minute(self, minute: impl Into<Values>) -> Self {
        Self {
            minute: minute.into(),
            ..self
        }
    }

    /// The hours, 0 to 23; 0 by default.
    #[must_use]
    pub fn hour(self, hour: impl Into<Values>) -> Self {
        Self {
            hour: hour.into(),
            ..self
        }
    }

    /// The days of the month, 1 to 31; all by default.
    #[must_use]
    pub fn day_of_month(self, day: impl Into<Values>) -> Self {
        Self {
            day_of_month: day.into(),
            ..self
        }
    }

    /// The months, 1 to 12; all by default.
    #[must_use]
    pub fn month(self, month: impl Into<Values>) -> Self {
        Self {
            month: month.into(),
            ..self
        }
    }

    /// The years; all by default.
    #[must_use]
    pub fn year(self, year: impl Into<Values>) -> Self {
        Self {
            year: year.into(),
            ..self
        }
    }

    /// The days of the week; all by default.
    #[must_use]
    pub fn day_of_week(self, day: impl Into<Values>) -> Self {
        Self {
            day_of_week: day.into(),
            ..self
        }
    }

    /// What it is for.
    #[must_use]
    pub fn comment(self, comment: impl Text) -> Self {
        Self {
            comment: comment.into_text(),
            ..self
        }
    }

    /// Adds what is wrong with it, a sentence each.
    pub(crate) fn check(&self, wrong: &mut Vec<String>) {
        let fields = [
            ("second", &self.second, 0..=59),
            ("minute", &self.minute, 0..=59),
            ("hour", &self.hour, 0..=23),
            ("day of the month", &self.day_of_month, 1..=31),
            ("month", &self.month, 1..=12),
            ("year", &self.year, YEARS),
            ("day of the week", &self.day_of_week, 0..=6),
        ];
        for (field, values, possible) in fields {
            if values.0.is_empty() && field != "year" {
                wrong.push(format!(
                    "a calendar has no {field}, so it matches no time; leave the field out for the default"
                ));
            }
            for range in &values.0 {
                if range.start > range.end {
                    wrong.push(format!(
                        "the {field}s {range} of a calendar end before they begin"
                    ));
                } else if !possible.contains(&range.start) || !possible.contains(&range.end) {
                    let (first, last) = (possible.start(), possible.end());
                    wrong.push(format!(
                        "the {field} {range} of a calendar is not from {first} to {last}"
                    ));
                }
            }
        }
    }

    pub(super) fn to_proto(&self) -> proto::StructuredCalendarSpec {
        proto::StructuredCalendarSpec {
            second: self.second.to_proto(),
            minute: self.minute.to_proto(),
            hour: self.hour.to_proto(),
            day_of_month: self.day_of_month.to_proto(),
            month: self.month.to_proto(),
            year: self.year.to_proto(),
            day_of_week: self.day_of_week.to_proto(),
            comment: self.comment.clone(),
        }
    }

    pub(super) fn from_proto(
        place: &str,
        calendar: proto::StructuredCalendarSpec,
    ) -> Result<Self, WireError> {
        let values = |ranges| Values::from_proto(place, ranges);
        Ok(Self {
            second: values(calendar.second)?,
            minute: values(calendar.minute)?,
            hour: values(calendar.hour)?,
            day_of_month: values(calendar.day_of_month)?,
            month: values(calendar.month)?,
            year: values(calendar.year)?,
            day_of_week: values(calendar.day_of_week)?,
            comment: calendar.comment,
        })
    }
}

/// The years that servers compute schedules for.
const YEARS: RangeInclusive<u16> = 2000..=2100;

/// Every day at midnight.
impl Default for Calendar {
    fn default() -> Self {
        Self::new()
    }
}

impl Values {
    /// Whether the value is one of them.
    pub fn contains(&self, value: u16) -> bool {
        self.0.iter().any(|range| {
            (range.start..=range.end).contains(&value)
                && (value - range.start).is_multiple_of(range.step)
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn to_proto(&self) -> Vec<proto::Range> {
        let ranges = self.0.iter().map(|range| proto::Range {
            start: range.start.into(),
            end: range.end.into(),
            step: range.step.into(),
        });
        ranges.collect()
    }

    /// Reads ranges whose unset ends and steps servers may leave out.
    fn from_proto(place: &str, ranges: Vec<proto::Range>) -> Result<Self, WireError> {
        let number = |number: i32| {
            u16::try_from(number)
                .map_err(|_| WireError::new(place, "schedule.spec.calendar", Fault::OutOfRange))
        };
        let ranges = ranges.into_iter().map(|range| {
            let start = number(range.start)?;
            Ok(Range {
                start,
                end: number(range.end)?.max(start),
                step: number(range.step)?.max(1),
            })
        });
        ranges.collect::<Result<_, _>>().map(Self)
    }
}

impl From<u16> for Values {
    fn from(value: u16) -> Self {
        Self::from(value..=value)
    }
}

impl From<RangeInclusive<u16>> for Values {
    fn from(range: RangeInclusive<u16>) -> Self {
        let (start, end) = range.into_inner();
        Self(vec![Range {
            start,
            end,
            step: 1,
        }])
    }
}

/// A range in steps: `(0..=59).step_by(15)`.
impl From<StepBy<RangeInclusive<u16>>> for Values {
    fn from(steps: StepBy<RangeInclusive<u16>>) -> Self {
        let values: Vec<u16> = steps.collect();
        match *values {
            [start, next, .., end] => Self(vec![Range {
                start,
                end,
                step: next - start,
            }]),
            _ => Self::from(values),
        }
    }
}

impl<const N: usize> From<[u16; N]> for Values {
    fn from(values: [u16; N]) -> Self {
        Self::from(Vec::from(values))
    }
}

impl From<Vec<u16>> for Values {
    fn from(values: Vec<u16>) -> Self {
        let ranges = values.into_iter().map(|value| Range {
            start: value,
            end: value,
            step: 1,
        });
        Self(ranges.collect())
    }
}

impl From<Weekday> for Values {
    fn from(day: Weekday) -> Self {
        Self::from(day as u16)
    }
}

/// The days in the order of the week, also past Saturday: Friday to Sunday.
impl From<RangeInclusive<Weekday>> for Values {
    fn from(days: RangeInclusive<Weekday>) -> Self {
        let (start, end) = (*days.start() as u16, *days.end() as u16);
        match start <= end {
            true => Self::from(start..=end),
            false => Self([Self::from(start..=6).0, Self::from(0..=end).0].concat()),
        }
    }
}

impl<const N: usize> From<[Weekday; N]> for Values {
    fn from(days: [Weekday; N]) -> Self {
        Self::from(days.map(|day| day as u16))
    }
}

/// As cron expressions write them: `1,15`, `8-17`, `0-45/15`.
impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{range}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end, step } = self;
        match (start == end, *step) {
            (true, _) => write!(f, "{start}"),
            (false, 1) => write!(f, "{start}-{end}"),
            (false, step) => write!(f, "{start}-{end}/{step}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(calendar: &Calendar) -> Vec<String> {
        let mut wrong = Vec::new();
        calendar.check(&mut wrong);
        wrong
    }

    #[test]
    fn usual_calendars_have_nothing_wrong_and_survive_the_wire() {
        let calendars = [
            Calendar::new(),
            Calendar::hourly(59),
            Calendar::daily(23, 59),
            Calendar::weekly(Weekday::Saturday, 0, 0),
            Calendar::monthly(31, 0, 0),
            Calendar::yearly(12, 31, 23, 59).second([0, 30]).year(2027),
            Calendar::new()
                .minute((0..=59).step_by(7))
                .day_of_week(Weekday::Friday..=Weekday::Monday)
                .comment("long weekends"),
        ];
        for calendar in calendars {
            assert_eq!(wrong(&calendar), [""; 0]);
            let read = Calendar::from_proto("here", calendar.to_proto());
            assert_eq!(read, Ok(calendar));
        }
    }

    #[test]
    fn the_week_goes_on_after_saturday() {
        let days = Values::from(Weekday::Friday..=Weekday::Sunday);
        assert_eq!(days.to_string(), "5-6,0");
        assert!(days.contains(0) && days.contains(6) && !days.contains(1));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let calendar = Calendar::daily(24, 60).day_of_month(0);
        assert_eq!(
            wrong(&calendar),
            [
                "the minute 60 of a calendar is not from 0 to 59",
                "the hour 24 of a calendar is not from 0 to 23",
                "the day of the month 0 of a calendar is not from 1 to 31",
            ]
        );
        assert_eq!(
            wrong(
                &Calendar::new()
                    .hour(RangeInclusive::new(17, 8))
                    .minute(Vec::new())
            ),
            [
                "a calendar has no minute, so it matches no time; leave the field out for the default",
                "the hours 17-8 of a calendar end before they begin",
            ]
        );
        assert_eq!(wrong(&Calendar::daily(1, 1).year(1999)).len(), 1);
    }

    #[test]
    fn ends_and_steps_that_a_server_leaves_out_are_read() {
        let ranges = vec![proto::Range {
            start: 7,
            end: 0,
            step: 0,
        }];
        assert_eq!(Values::from_proto("here", ranges), Ok(Values::from(7)));
        let ranges = vec![proto::Range {
            start: -1,
            end: 0,
            step: 0,
        }];
        assert!(Values::from_proto("here", ranges).is_err());
    }
}
