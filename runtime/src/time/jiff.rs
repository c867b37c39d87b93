//! Conversions from and into `jiff::Timestamp`.

use ::jiff::Timestamp;

use super::{Time, TimeOutOfRange};

/// Fails beyond the years -9999 and 9999, which is as far as jiff reaches.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let deadline = jiff::Timestamp::try_from(durably::Time::UNIX_EPOCH + durably::hours(2))?;
/// assert_eq!(deadline.to_string(), "1970-01-01T02:00:00Z");
/// # Ok(())
/// # }
/// ```
impl TryFrom<Time> for Timestamp {
    type Error = TimeOutOfRange;

    fn try_from(time: Time) -> Result<Self, TimeOutOfRange> {
        let (seconds, nanos) = time.since_epoch();
        let nanos = nanos.cast_signed();
        Self::new(seconds, nanos).map_err(|_| TimeOutOfRange::new(time, "jiff::Timestamp"))
    }
}

/// Fails where the platform's `SystemTime` does not reach; on Unix and on Windows from 1601 on it
/// reaches whatever jiff does.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let due: jiff::Timestamp = "2026-07-01T12:00:00Z".parse()?;
/// assert_eq!(durably::Time::try_from(due)?.to_string(), "2026-07-01T12:00:00Z");
/// # Ok(())
/// # }
/// ```
impl TryFrom<Timestamp> for Time {
    type Error = TimeOutOfRange;

    fn try_from(time: Timestamp) -> Result<Self, TimeOutOfRange> {
        // Before 1970 jiff counts the nanoseconds backwards, as it does the seconds.
        let nanos = time.as_nanosecond();
        let converted = i64::try_from(nanos.div_euclid(NANOS))
            .ok()
            .and_then(|seconds| {
                let rest = u32::try_from(nanos.rem_euclid(NANOS)).ok()?;
                Self::from_epoch(seconds, rest)
            });
        converted.ok_or_else(|| TimeOutOfRange::new(time, "std::time::SystemTime"))
    }
}

const NANOS: i128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::{days, millis};

    #[test]
    fn times_go_there_and_back() {
        for time in [
            Time::UNIX_EPOCH,
            Time::UNIX_EPOCH + millis(1),
            Time::UNIX_EPOCH - millis(1),
            Time::UNIX_EPOCH - days(100_000) + millis(1),
        ] {
            let there = Timestamp::try_from(time).expect("jiff reaches it");
            assert_eq!(there.to_string(), time.to_string());
            assert_eq!(Time::try_from(there), Ok(time));
        }
        for end in [Timestamp::MIN, Timestamp::MAX] {
            let there = Time::try_from(end).expect("this platform reaches it");
            assert_eq!(Timestamp::try_from(there), Ok(end));
        }
    }

    #[test]
    fn what_jiff_cannot_hold_is_named() {
        let far = Time::UNIX_EPOCH + days(365 * 20_000);
        let error = Timestamp::try_from(far).expect_err("jiff ends in 9999");
        let text = error.to_string();
        assert!(
            text.contains("out of the range of `jiff::Timestamp`"),
            "{text}"
        );
    }
}
