//! Durations as workflow code writes them: `secs(10)`, `hours(24)`.

use std::time::Duration;

/// What is taken where a duration is due: std's [`Duration`], which [`secs`] and its like make.
///
/// Numbers and texts have no unit here, so they are refused; attributes and configurations take `"10s"`.
///
/// ```
/// use std::time::Duration;
///
/// use durably::{prelude::*, time::Span};
///
/// /// A pause that is announced.
/// async fn pause(ctx: &Ctx, pause: impl Span) -> Result<()> {
///     ctx.sleep(pause).summary("a pause").await?;
///     Ok(())
/// }
///
/// async fn pauses(ctx: &Ctx) -> Result<()> {
///     pause(ctx, mins(5)).await?;
///     pause(ctx, Duration::from_secs_f64(1.5)).await
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "expected a duration, found `{Self}`",
    label = "say the unit: `secs(10)`, `millis(500)`, `mins(5)`, `hours(2)` or `days(1)`",
    note = "any `std::time::Duration` will do; texts such as \"10s\" are for attributes"
)]
pub trait Span {
    #[doc(hidden)]
    fn into_duration(self) -> Duration;
}

#[diagnostic::do_not_recommend]
impl Span for Duration {
    fn into_duration(self) -> Self {
        self
    }
}

/// `n` milliseconds.
///
/// ```
/// assert_eq!(durably::millis(1_500), std::time::Duration::from_secs_f64(1.5));
/// ```
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// `n` seconds.
///
/// ```
/// assert_eq!(durably::secs(2), durably::millis(2_000));
/// ```
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// `n` minutes.
///
/// ```
/// assert_eq!(durably::mins(2), durably::secs(120));
/// ```
pub const fn mins(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// `n` hours.
///
/// ```
/// assert_eq!(durably::hours(2), durably::mins(120));
/// ```
pub const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

/// `n` days of 24 hours.
///
/// ```
/// assert_eq!(durably::days(2), durably::hours(48));
/// ```
pub const fn days(n: u64) -> Duration {
    Duration::from_secs(n * 86_400)
}
