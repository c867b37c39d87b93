//! Durations and points in time.

use std::time::{Duration, SystemTime};

use durably_proto::wkt;

use crate::time::Time;

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

/// A point in time; none if no clock can show it.
pub(crate) fn point(timestamp: wkt::Timestamp) -> Option<Time> {
    instant(timestamp).map(Time::from)
}

pub(crate) fn timestamp(time: Time) -> wkt::Timestamp {
    let (seconds, nanos) = time.since_epoch();
    wkt::Timestamp {
        seconds,
        nanos: nanos.cast_signed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_may_lie_before_1970() {
        let stamp = |seconds, nanos| wkt::Timestamp { seconds, nanos };
        let epoch = SystemTime::UNIX_EPOCH;
        let half = Duration::from_millis(500);
        assert_eq!(instant(stamp(2, 500_000_000)), Some(epoch + half * 5));
        assert_eq!(instant(stamp(-1, 500_000_000)), Some(epoch - half));
        assert_eq!(instant(stamp(0, -1)), None);
        for stamp in [stamp(2, 500_000_000), stamp(-1, 500_000_000), stamp(-3, 0)] {
            assert_eq!(point(stamp).map(timestamp), Some(stamp));
        }
    }

    #[test]
    fn zero_is_no_limit() {
        assert_eq!(limit(Some(wkt::Duration::default())), None);
        let second = Duration::from_secs(1);
        assert_eq!(limit(Some(to_duration(second))), Some(second));
    }
}
