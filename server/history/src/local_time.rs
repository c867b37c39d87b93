//! Local time: the date and time of day in a time zone at a moment, and back.
//!
//! A local time that a zone transition skips or repeats is resolved as Go's `time.Date` does, because
//! the times of cron workflows and of schedules are those of the real server on these nights, too.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// A time in a zone, in seconds since the Unix epoch, with its local fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) unix: i64,
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) weekday: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Moment {
    pub(crate) fn new(unix: i64, zone: &TimeZone) -> Self {
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
    pub(crate) fn date(year: i64, month: i64, day: i64, clock: i64, zone: &TimeZone) -> Self {
        let local = (first_day_of_month(year, month) + day - 1) * DAY + clock;
        // The offset at the local time taken as UTC is right except near a transition; there the
        // offset at the resulting time counts.
        let first = local - offset(local, zone);
        Self::new(local - offset(first, zone), zone)
    }

    /// Seconds since midnight, as the clock shows them.
    pub(crate) fn clock(&self) -> i64 {
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

/// The first day of a month of the Gregorian calendar, in days since 1 January 1970; month 13 is the next January.
pub fn first_day_of_month(year: i64, month: i64) -> i64 {
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

/// The number of days in a month of the Gregorian calendar; months count from 1 to 12.
pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A zone of the IANA database; names are case-sensitive.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    // Go's names of the server's own zone, which is UTC here.
    if matches!(name, "" | "Local") {
        return Some(TimeZone::UTC);
    }
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    (zone.iana_name() == Some(name)).then_some(zone)
}

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_are_each_others_inverse() {
        for day in (-200_000..200_000).step_by(13) {
            let (year, month, of_month) = civil(day);
            assert_eq!(first_day_of_month(year, month) + of_month - 1, day);
        }
        assert_eq!(first_day_of_month(1970, 13), first_day_of_month(1971, 1));
    }
}
