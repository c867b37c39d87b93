//! What is known of a schedule when it compiles: whether it has times.

/// No time is given yet.
///
/// ```
/// use durably::{client::{NoQueue, Untyped}, prelude::*};
/// use durably::schedule::{NoTimes, ScheduleCall, TimesSet};
///
/// fn nightly(call: ScheduleCall<Untyped, NoQueue, NoTimes>) -> ScheduleCall<Untyped, NoQueue, TimesSet> {
///     call.cron("0 2 * * *")
/// }
///
/// fn report(client: &Client) -> ScheduleCall<Untyped, NoQueue, TimesSet> {
///     nightly(client.create_schedule("nightly", "Report", ()))
/// }
/// ```
pub struct NoTimes;

/// The schedule has a time.
///
/// ```
/// use durably::{client::{NoQueue, Untyped}, prelude::*};
/// use durably::schedule::{Calendar, ScheduleCall, TimesSet};
///
/// fn report(client: &Client) -> ScheduleCall<Untyped, NoQueue, TimesSet> {
///     client.create_schedule("nightly", "Report", ()).calendar(Calendar::daily(2, 0))
/// }
/// ```
pub struct TimesSet;

/// The schedule has times, and the last one is an interval, which can have an offset.
///
/// ```
/// use durably::{client::{NoQueue, Untyped}, prelude::*};
/// use durably::schedule::{Every, ScheduleCall, TimesSet};
///
/// fn late(call: ScheduleCall<Untyped, NoQueue, Every>) -> ScheduleCall<Untyped, NoQueue, TimesSet> {
///     call.offset(mins(5))
/// }
///
/// fn poll(client: &Client) -> ScheduleCall<Untyped, NoQueue, TimesSet> {
///     late(client.create_schedule("poll", "Poll", ()).every(hours(1)))
/// }
/// ```
pub struct Every;

/// Whether a schedule has times.
///
/// ```
/// use durably::{client::{QueueSet, Untyped}, prelude::*};
/// use durably::schedule::{HasTimes, ScheduleCall, ScheduleHandle};
///
/// async fn quietly<T: HasTimes>(call: ScheduleCall<Untyped, QueueSet, T>) -> Result<ScheduleHandle> {
///     Ok(call.paused().await?)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this schedule has no times",
    label = "add `.cron(\"0 2 * * *\")`, `.every(hours(1))` or `.calendar(Calendar::daily(2, 0))` to the call",
    note = "one that acts only when it is triggered has `.only_triggered()`; the `.await` stays either way"
)]
pub trait HasTimes {}
#[diagnostic::do_not_recommend]
impl HasTimes for TimesSet {}
#[diagnostic::do_not_recommend]
impl HasTimes for Every {}
