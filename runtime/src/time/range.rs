//! The error of conversions between the times of different crates.

use std::{fmt, time::SystemTime};

use super::Time;

/// A time cannot be converted, because the other type does not reach so far.
///
/// The platform's [`SystemTime`], which [`Time`] wraps, `jiff::Timestamp` and `chrono::DateTime`
/// each have a range of their own.
///
/// ```
/// use durably::{Time, time::TimeOutOfRange};
///
/// /// The time in a type of another crate: `jiff::Timestamp` or `chrono::DateTime`.
/// fn convert<T: TryFrom<Time, Error = TimeOutOfRange>>(time: Time) -> Option<T> {
///     match T::try_from(time) {
///         Ok(time) => Some(time),
///         Err(error) => {
///             println!("{error}");
///             None
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeOutOfRange {
    time: String,
    target: &'static str,
}

impl TimeOutOfRange {
    pub(crate) fn new(time: impl fmt::Display, target: &'static str) -> Self {
        Self {
            time: time.to_string(),
            target,
        }
    }
}

impl fmt::Display for TimeOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, target } = self;
        write!(f, "the time {time} is out of the range of `{target}`")
    }
}

impl std::error::Error for TimeOutOfRange {}

impl Time {
    /// The time this many seconds, and nanoseconds on top of them, after 1970; none if the platform
    /// cannot represent it.
    pub(crate) fn from_epoch(seconds: i64, nanos: u32) -> Option<Self> {
        let whole = std::time::Duration::from_secs(seconds.unsigned_abs());
        let second = match seconds {
            0.. => SystemTime::UNIX_EPOCH.checked_add(whole),
            _ => SystemTime::UNIX_EPOCH.checked_sub(whole),
        };
        let time = second?.checked_add(std::time::Duration::new(0, nanos))?;
        Some(Self(time))
    }
}
