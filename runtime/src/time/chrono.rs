//! Conversions from and into `chrono::DateTime`.

use ::chrono::{DateTime, TimeZone, Utc};

use super::{Time, TimeOutOfRange};

/// Fails more than about 260,000 years from 1970, which is as far as chrono reaches.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use chrono::{DateTime, Utc};
///
/// let deadline = DateTime::<Utc>::try_from(durably::Time::UNIX_EPOCH + durably::hours(2))?;
/// assert_eq!(deadline.timestamp(), 7_200);
/// # Ok(())
/// # }
/// ```
impl TryFrom<Time> for DateTime<Utc> {
    type Error = TimeOutOfRange;

    fn try_from(time: Time) -> Result<Self, TimeOutOfRange> {
        let (seconds, nanos) = time.since_epoch();
        Self::from_timestamp(seconds, nanos)
            .ok_or_else(|| TimeOutOfRange::new(time, "chrono::DateTime<Utc>"))
    }
}

/// Fails where the platform's `SystemTime` does not reach; on Unix and on Windows from 1601 on it
/// reaches whatever chrono does. A leap second becomes the second after it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use chrono::DateTime;
///
/// let due = DateTime::from_timestamp(7_200, 0).expect("chrono reaches it");
/// assert_eq!(durably::Time::try_from(due)?.to_string(), "1970-01-01T02:00:00Z");
/// # Ok(())
/// # }
/// ```
impl<Tz: TimeZone> TryFrom<DateTime<Tz>> for Time {
    type Error = TimeOutOfRange;

    fn try_from(time: DateTime<Tz>) -> Result<Self, TimeOutOfRange> {
        Self::from_epoch(time.timestamp(), time.timestamp_subsec_nanos())
            .ok_or_else(|| TimeOutOfRange::new(time.naive_utc(), "std::time::SystemTime"))
    }
}

#[cfg(test)]
mod tests {
    use ::chrono::FixedOffset;

    use super::*;
    use crate::time::span::{days, hours, millis};

    #[test]
    fn times_go_there_and_back() {
        for time in [
            Time::UNIX_EPOCH,
            Time::UNIX_EPOCH + millis(1),
            Time::UNIX_EPOCH - millis(1),
            Time::UNIX_EPOCH - days(100_000) + millis(1),
        ] {
            let there = DateTime::<Utc>::try_from(time).expect("chrono reaches it");
            assert_eq!(Time::try_from(there), Ok(time));
        }
        for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let there = Time::try_from(end).expect("this platform reaches it");
            assert_eq!(DateTime::<Utc>::try_from(there), Ok(end));
        }
    }

    #[test]
    fn a_time_zone_changes_nothing() {
        let zone = FixedOffset::east_opt(7_200).expect("two hours are an offset");
        let there = DateTime::<Utc>::UNIX_EPOCH.with_timezone(&zone);
        assert_eq!(Time::try_from(there), Ok(Time::UNIX_EPOCH));
    }

    #[test]
    fn what_chrono_cannot_hold_is_named() {
        let far = Time::UNIX_EPOCH + hours(24 * 365 * 300_000);
        let error = DateTime::<Utc>::try_from(far).expect_err("chrono ends before");
        let text = error.to_string();
        assert!(
            text.contains("out of the range of `chrono::DateTime<Utc>`"),
            "{text}"
        );
    }
}
