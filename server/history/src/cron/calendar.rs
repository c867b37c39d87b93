//! Calendar search: finds the next time whose local fields match an expression.
//!
//! The search takes the steps of robfig/cron: on the night that skips two o'clock `30 2 * * *` does
//! not fire, and on the night that repeats one o'clock `30 1 * * *` fires twice.

use jiff::tz::TimeZone;

use crate::local_time::{HOUR, MINUTE, Moment};

/// The allowed values of each field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub minutes: Bits,
    pub hours: Bits,
    pub days: Bits,
    pub months: Bits,
    pub weekdays: Bits,
    /// With `*` in one of the two day fields both must match; otherwise one is enough.
    pub both_days_count: bool,
}

/// The allowed values of one field, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits(pub u64);

impl Bits {
    fn has(self, value: i64) -> bool {
        self.0 & (1 << value) != 0
    }
}

impl Fields {
    /// The first second after `after` that matches the fields; none within five years.
    pub(super) fn next_after(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let mut at = Moment::new(after.checked_add(1)?, zone);
        let last_year = at.year + 5;
        // After a larger field has advanced, the smaller ones restart at their minimum.
        let mut moved = false;
        'wrap: while at.year <= last_year {
            while !self.months.has(at.month) {
                if !moved {
                    at = Moment::date(at.year, at.month, 1, 0, zone);
                    moved = true;
                }
                at = Moment::date(at.year, at.month + 1, at.day, at.clock(), zone);
                if at.month == 1 {
                    continue 'wrap;
                }
            }
            while !self.allows_day(&at) {
                if !moved {
                    at = Moment::date(at.year, at.month, at.day, 0, zone);
                    moved = true;
                }
                at = Moment::date(at.year, at.month, at.day + 1, at.clock(), zone);
                // A zone transition at midnight has moved the start of the day.
                if at.hour > 12 {
                    at = Moment::new(at.unix + (24 - at.hour) * HOUR, zone);
                } else if at.hour > 0 {
                    at = Moment::new(at.unix - at.hour * HOUR, zone);
                }
                if at.day == 1 {
                    continue 'wrap;
                }
            }
            while !self.hours.has(at.hour) {
                if !moved {
                    at = Moment::date(at.year, at.month, at.day, at.hour * HOUR, zone);
                    moved = true;
                }
                at = Moment::new(at.unix + HOUR, zone);
                if at.hour == 0 {
                    continue 'wrap;
                }
            }
            while !self.minutes.has(at.minute) {
                if !moved {
                    at = Moment::new(at.unix.div_euclid(MINUTE) * MINUTE, zone);
                    moved = true;
                }
                at = Moment::new(at.unix + MINUTE, zone);
                if at.minute == 0 {
                    continue 'wrap;
                }
            }
            if at.second == 0 {
                return Some(at.unix);
            }
            moved = true;
            at = Moment::new(at.unix + MINUTE - at.second, zone);
        }
        None
    }

    fn allows_day(&self, at: &Moment) -> bool {
        let (by_date, by_weekday) = (self.days.has(at.day), self.weekdays.has(at.weekday));
        match self.both_days_count {
            true => by_date && by_weekday,
            false => by_date || by_weekday,
        }
    }
}
