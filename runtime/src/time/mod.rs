//! Durations with their units, and the time of workflows.
//!
//! - [`secs`], [`millis`], [`mins`], [`hours`] and [`days`] make the [`Duration`]s that timeouts, timers
//!   and intervals take; [`Span`] is what those accept.
//! - [`Time`] is a point in time that cannot read the clock of the machine.
//!
//! ```
//! use durably::prelude::*;
//!
//! #[derive(Default)]
//! struct Reminder;
//!
//! #[workflow]
//! impl Reminder {
//!     #[run]
//!     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
//!         let deadline: Time = ctx.now() + days(7);
//!         while ctx.now() < deadline {
//!             ctx.sleep(hours(24)).await?;
//!         }
//!         Ok(())
//!     }
//! }
//! ```

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(any(feature = "chrono", feature = "jiff"))]
mod range;
pub(crate) mod span;
pub(crate) mod text;

use std::{
    fmt,
    ops::{Add, AddAssign, Sub, SubAssign},
    time::{Duration, SystemTime, SystemTimeError},
};

#[cfg(any(feature = "chrono", feature = "jiff"))]
pub use self::range::TimeOutOfRange;
pub use self::span::{Span, days, hours, millis, mins, secs};

/// A point in time, as [`View::now`](crate::workflow::View::now) returns it.
///
/// It has the arithmetic of [`SystemTime`] and converts from and into it, but no `elapsed` and no
/// `now`: those read the clock of the machine, which replay cannot repeat.
///
/// ```
/// use durably::{Time, hours};
///
/// let deadline = Time::UNIX_EPOCH + hours(2);
/// assert_eq!(deadline - Time::UNIX_EPOCH, hours(2));
/// assert_eq!(deadline.to_string(), "1970-01-01T02:00:00Z");
/// ```
///
/// With the features `jiff` and `chrono` it converts from and into `jiff::Timestamp` and
/// `chrono::DateTime`, by `TryFrom`: each reaches another range of years.
///
/// ```
/// use durably::{Time, hours, millis, mins, secs};
///
/// let opened = Time::UNIX_EPOCH + hours(1);
/// let closed = opened + mins(90);
/// assert_eq!(closed.duration_since(opened).ok(), Some(secs(5_400)));
/// assert_eq!(closed.unix_seconds(), 9_000);
/// assert!(opened.checked_add(millis(1)) > Some(opened));
/// assert!(opened.checked_sub(hours(2)).is_some());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(SystemTime);

impl Time {
    /// The first moment of 1970, UTC.
    pub const UNIX_EPOCH: Self = Self(SystemTime::UNIX_EPOCH);

    /// The time that passed since `earlier`.
    ///
    /// # Errors
    /// `earlier` is later; the error has the difference.
    pub fn duration_since(self, earlier: impl Into<Self>) -> Result<Duration, SystemTimeError> {
        self.0.duration_since(earlier.into().0)
    }

    /// This much later; `None` if the platform cannot represent it.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// This much earlier; `None` if the platform cannot represent it.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }

    /// Whole seconds since 1970, negative before.
    pub fn unix_seconds(self) -> i64 {
        self.since_epoch().0
    }

    /// The time that RFC 3339 writes so.
    pub(crate) fn from_rfc3339(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to)?;
            digits
                .bytes()
                .all(|it| it.is_ascii_digit())
                .then(|| digits.parse::<i64>().ok())?
        };
        let at = |index: usize, expected: &[u8]| {
            text.as_bytes()
                .get(index)
                .is_some_and(|it| expected.contains(it))
        };
        if !(at(4, b"-") && at(7, b"-") && at(10, b"Tt ") && at(13, b":") && at(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let in_range = (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second < 61;
        if !in_range {
            return None;
        }
        let rest = text.get(19..)?;
        let (nanos, zone) = match rest.strip_prefix('.') {
            None => (0, rest),
            Some(fraction) => {
                let end = fraction.find(|it: char| !it.is_ascii_digit())?;
                let (digits, zone) = fraction.split_at(end);
                let nanos = format!("{:0<9.9}", digits).parse::<u32>().ok()?;
                ((!digits.is_empty()).then_some(nanos)?, zone)
            }
        };
        let offset = match zone {
            "Z" | "z" => 0,
            zone => {
                let sign = match zone.as_bytes().first()? {
                    b'+' => 1,
                    b'-' => -1,
                    _ => return None,
                };
                let (hours, minutes) = zone.get(1..)?.split_once(':')?;
                let part = |digits: &str| match digits.len() {
                    2 => digits.parse::<u8>().ok(),
                    _ => None,
                };
                sign * (i64::from(part(hours)?) * 3_600 + i64::from(part(minutes)?) * 60)
            }
        };
        let days = days_since_epoch(year, month, day);
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let whole = match seconds < 0 {
            true => Self::UNIX_EPOCH.checked_sub(whole)?,
            false => Self::UNIX_EPOCH.checked_add(whole)?,
        };
        whole.checked_add(Duration::from_nanos(nanos.into()))
    }

    /// Whole milliseconds since 1970; 0 before.
    pub(crate) fn unix_millis(self) -> u64 {
        let (seconds, nanos) = self.since_epoch();
        u64::try_from(seconds).map_or(0, |seconds| {
            seconds.saturating_mul(1_000) + u64::from(nanos / 1_000_000)
        })
    }

    /// Seconds since 1970, rounded down, and the nanoseconds on top of them.
    pub(crate) fn since_epoch(self) -> (i64, u32) {
        match self.0.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => (after.as_secs().cast_signed(), after.subsec_nanos()),
            Err(error) => {
                let before = error.duration();
                match before.subsec_nanos() {
                    0 => (-before.as_secs().cast_signed(), 0),
                    nanos => (-before.as_secs().cast_signed() - 1, 1_000_000_000 - nanos),
                }
            }
        }
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        Self(time)
    }
}

impl From<Time> for SystemTime {
    fn from(time: Time) -> Self {
        time.0
    }
}

/// # Panics
/// If the platform cannot represent the result.
impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

/// # Panics
/// If the platform cannot represent the result.
impl Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

/// The time between two points, zero if the right one is later.
impl Sub for Time {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0).unwrap_or_default()
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl SubAssign<Duration> for Time {
    fn sub_assign(&mut self, duration: Duration) {
        self.0 -= duration;
    }
}

/// RFC 3339, in UTC.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = self.since_epoch();
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let second = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match nanos {
            0 => {}
            n if n % 1_000_000 == 0 => write!(f, ".{:03}", n / 1_000_000)?,
            n if n % 1_000 == 0 => write!(f, ".{:06}", n / 1_000)?,
            n => write!(f, ".{n:09}")?,
        }
        f.write_str("Z")
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The day of a date, counted from 1970-01-01, in the proleptic Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day at the end.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// The year is taken to begin in March, so that the leap day is its last.
fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, nanos: u32) -> String {
        let shift = Duration::new(seconds.unsigned_abs(), 0);
        let time = if seconds < 0 {
            Time::UNIX_EPOCH - shift
        } else {
            Time::UNIX_EPOCH + shift
        };
        (time + Duration::new(0, nanos)).to_string()
    }

    #[test]
    fn times_print_as_rfc_3339() {
        assert_eq!(at(0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400, 0), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_700_000_000, 250_000_000), "2023-11-14T22:13:20.250Z");
        assert_eq!(at(-1, 1), "1969-12-31T23:59:59.000000001Z");
    }

    #[test]
    fn the_difference_to_a_later_time_is_zero() {
        let later = Time::UNIX_EPOCH + Duration::from_secs(1);
        assert_eq!(Time::UNIX_EPOCH - later, Duration::ZERO);
        assert!(Time::UNIX_EPOCH.duration_since(later).is_err());
    }
}
