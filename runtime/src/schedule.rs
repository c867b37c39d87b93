//! Schedules: workflows that the server starts at given times.
//!
//! A workflow type has a method `schedule`, which takes an id of the schedule and the workflow's arguments:
//!
//! ```no_run
//! use durably::{prelude::*, schedule::{Calendar, Overlap}};
//!
//! #[derive(Default)]
//! struct Report;
//!
//! #[workflow(task_queue = "reports")]
//! impl Report {
//!     #[run]
//!     async fn run(&mut self, region: String) -> String {
//!         region
//!     }
//! }
//!
//! # async fn example(client: Client) -> Result<()> {
//! let nightly = Report::schedule(&client, "nightly-eu", "eu")
//!     .calendar(Calendar::daily(2, 0))
//!     .overlap(Overlap::BufferOne)
//!     .await?;
//! nightly.trigger().await?;
//! nightly.pause("holidays").await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`ScheduleCall`] has the options: [`Calendar`], [`Interval`] and cron expressions say when, [`Overlap`] what
//!   happens if a workflow is still running.
//! - [`ScheduleHandle`] pauses, triggers, backfills, describes, updates and deletes a schedule.
//! - [`Client::schedules`](crate::Client::schedules) lists them.
//!
//! The errors are [`CreateScheduleError`](crate::error::CreateScheduleError),
//! [`ScheduleError`](crate::error::ScheduleError) and [`UpdateScheduleError`](crate::error::UpdateScheduleError).

pub use crate::{
    client::schedule::{
        ActionCall, Every, HasTimes, NoTimes, Schedule, ScheduleAction, ScheduleCall,
        ScheduleDescription, ScheduleHandle, ScheduleSummary, TimesCall, TimesSet,
    },
    wire::{
        calendar::{Calendar, Values, Weekday},
        schedule::{ScheduleCounts, ScheduleInfo, ScheduledRun, ScheduledWorkflow},
        schedule_spec::{Interval, Overlap, ScheduleSpec},
    },
};
