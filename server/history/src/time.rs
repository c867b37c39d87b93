//! Moments and durations: ours inside, protobuf's at the edge.

use std::ops::Add;
use std::time::Duration;

use durably_proto::wkt;

/// A moment, in nanoseconds since the Unix epoch. Always an argument, never read from a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The last moment there is, in April 2262; later ones are cut to it.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment `nanos` nanoseconds after the Unix epoch.
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_unix_nanos(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this moment is; zero when it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment `span` before this one.
    pub(crate) fn before(self, span: Duration) -> Self {
        let nanos = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(nanos))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        let nanos = i64::try_from(after.as_nanos()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl From<Time> for wkt::Timestamp {
    fn from(time: Time) -> Self {
        Self {
            seconds: time.0.div_euclid(1_000_000_000),
            nanos: i32::try_from(time.0.rem_euclid(1_000_000_000)).expect("a remainder below 10^9"),
        }
    }
}

impl From<wkt::Timestamp> for Time {
    fn from(stamp: wkt::Timestamp) -> Self {
        Self(
            stamp
                .seconds
                .saturating_mul(1_000_000_000)
                .saturating_add(i64::from(stamp.nanos)),
        )
    }
}

/// A duration as the platform's messages carry it.
pub(crate) fn to_proto(duration: Duration) -> wkt::Duration {
    wkt::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).expect("below 10^9"),
    }
}

/// The time from one moment to another; negative when the second comes first.
pub(crate) fn between(from: Time, to: Time) -> wkt::Duration {
    const SECOND: i64 = 1_000_000_000;
    let nanos = to.0.saturating_sub(from.0);
    wkt::Duration {
        seconds: nanos / SECOND,
        nanos: i32::try_from(nanos % SECOND).expect("a remainder below 10^9"),
    }
}

/// A timeout as the platform's messages carry it: no timeout is written as zero.
pub(crate) fn timeout_to_proto(timeout: Option<Duration>) -> wkt::Duration {
    to_proto(timeout.unwrap_or_default())
}

/// The longest duration that is recorded, a hundred years of 365 days: with a longer one times would be beyond 2262,
/// which the real server's index does not reach.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A timeout out of a message, cut to the longest there is: zero, negative and absent all mean none.
pub(crate) fn timeout_from_proto(duration: Option<&wkt::Duration>) -> Option<Duration> {
    let duration = duration?;
    let seconds = u64::try_from(duration.seconds).ok()?;
    let nanos = u32::try_from(duration.nanos).ok()?;
    let duration = Duration::new(seconds, nanos).min(LONGEST);
    Some(duration).filter(|d| !d.is_zero())
}

/// Checks a duration of a request.
///
/// # Errors
/// Why it makes no sense, in the platform's words.
pub(crate) fn check_duration(duration: Option<&wkt::Duration>) -> Result<(), &'static str> {
    let Some(duration) = duration else {
        return Ok(());
    };
    let (seconds, nanos) = (duration.seconds.signum(), duration.nanos.signum());
    if i64::from(nanos) * seconds < 0 {
        return Err("duration has seconds and nanos with different signs");
    }
    if seconds < 0 || nanos < 0 {
        return Err("negative duration");
    }
    Ok(())
}

/// Whether a message carries a duration that makes no sense.
pub(crate) fn is_negative(duration: Option<&wkt::Duration>) -> bool {
    duration.is_some_and(|duration| duration.seconds < 0 || duration.nanos < 0)
}
