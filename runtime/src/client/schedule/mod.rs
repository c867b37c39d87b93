//! Schedules: workflows that the server starts at given times.

mod call;
mod definition;
mod description;
mod handle;
mod list;
mod times;

pub(crate) use self::list::list;
pub use self::{
    call::ScheduleCall,
    definition::{Schedule, ScheduleAction},
    description::ScheduleDescription,
    handle::{ActionCall, ScheduleHandle, TimesCall},
    list::ScheduleSummary,
    times::{Every, HasTimes, NoTimes, TimesSet},
};
