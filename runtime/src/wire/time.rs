//! Durations and points in time.

use std::time::{Duration, SystemTime};

use durably_proto::wkt;

/// A limit; none and zero both mean that there is none.
pub(crate) fn limit(duration: Option<wkt::Duration>) -> Option<Duration> {
    duration.map(span).filter(|it| !it.is_zero())
}

/// A length of time; nothing is negative here.
pub(crate) fn span(duration: wkt::Duration) -> Duration {
    let seconds = u64::try_from(duration.seconds).unwrap_or(0);
    let nanos = u32::try_from(duration.nanos).unwrap_or(0);
    Duration::new(seconds, nanos.min(999_999_999))
}

/// A length of time, cut off where the wire format ends.
pub(crate) fn to_duration(duration: Duration) -> wkt::Duration {
    wkt::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: duration.subsec_nanos().cast_signed(),
    }
}

/// A point in time; none if no clock can show it.
pub(crate) fn instant(timestamp: wkt::Timestamp) -> Option<SystemTime> {
    let nanos = u32::try_from(timestamp.nanos).ok()?;
    let fraction = Duration::new(0, nanos);
    let whole = Duration::from_secs(timestamp.seconds.unsigned_abs());
    if timestamp.seconds >= 0 {
        SystemTime::UNIX_EPOCH
            .checked_add(whole)?
            .checked_add(fraction)
    } else {
        SystemTime::UNIX_EPOCH
            .checked_sub(whole)?
            .checked_add(fraction)
    }
}

/// A point in time.
pub(crate) fn to_timestamp(time: SystemTime) -> wkt::Timestamp {
    let (seconds, nanos) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            since.subsec_nanos(),
        ),
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
            match before.subsec_nanos() {
                0 => (-seconds, 0),
                nanos => (-seconds - 1, 1_000_000_000 - nanos),
            }
        }
    };
    wkt::Timestamp {
        seconds,
        nanos: nanos.cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_survive_the_wire() {
        for (seconds, nanos) in [
            (0, 0),
            (1_700_000_000, 123_456_789),
            (-1, 999_999_999),
            (-5, 0),
        ] {
            let stamp = wkt::Timestamp { seconds, nanos };
            assert_eq!(instant(stamp).map(to_timestamp), Some(stamp));
        }
    }

    #[test]
    fn zero_is_no_limit() {
        assert_eq!(limit(Some(wkt::Duration::default())), None);
        let second = Duration::from_secs(1);
        assert_eq!(limit(Some(to_duration(second))), Some(second));
    }
}
