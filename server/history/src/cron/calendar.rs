//! Calendar search: finds the next time whose local fields match an expression.
//!
//! A local time that a zone transition skips or repeats is resolved as Go's `time.Date` does, and
//! the search takes the steps of robfig/cron: on the night that skips two o'clock `30 2 * * *` does
//! not fire, and on the night that repeats one o'clock `30 1 * * *` fires twice.

use jiff::Timestamp;
use jiff::tz::TimeZone;

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

/// A time in a zone, in seconds since the Unix epoch, with its local fields.
struct Moment {
    unix: i64,
    year: i64,
    month: i64,
    day: i64,
    weekday: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

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

impl Moment {
    fn new(unix: i64, zone: &TimeZone) -> Self {
        let local = unix + offset(unix, zone);
        let (days, clock) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        Self {
            unix,
            year,
            month,
            day,
            // 1 January 1970 was a Thursday.
            weekday: (days + 4).rem_euclid(7),
            hour: clock / HOUR,
            minute: clock % HOUR / MINUTE,
            second: clock % MINUTE,
        }
    }

    /// The time of a local date and time of day; a month or day beyond the end carries over.
    fn date(year: i64, month: i64, day: i64, clock: i64, zone: &TimeZone) -> Self {
        let local = (days(year, month) + day - 1) * DAY + clock;
        // The offset at the local time taken as UTC is right except near a transition; there the
        // offset at the resulting time counts.
        let first = local - offset(local, zone);
        Self::new(local - offset(first, zone), zone)
    }

    fn clock(&self) -> i64 {
        self.hour * HOUR + self.minute * MINUTE + self.second
    }
}

/// Seconds that local time is ahead of UTC at a moment.
fn offset(unix: i64, zone: &TimeZone) -> i64 {
    // Every `Time` fits: the range of nanoseconds is smaller than that of a `Timestamp`.
    Timestamp::from_second(unix).map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
}

/// Year, month and day of month of a day counted from the epoch (Howard Hinnant's
/// `civil_from_days`).
fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
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
    (year + era * 400 + i64::from(month <= 2), month, of_month)
}

/// The first day of a month, counted from the epoch; month 13 is the next January.
fn days(year: i64, month: i64) -> i64 {
    let (year, month) = (
        year + (month - 1).div_euclid(12),
        (month - 1).rem_euclid(12) + 1,
    );
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_are_each_others_inverse() {
        for day in (-200_000..200_000).step_by(13) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month) + of_month - 1, day);
        }
        assert_eq!(days(1970, 13), days(1971, 1));
    }
}
