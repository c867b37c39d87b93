//! Schedules of a workflow: by a calendar, by intervals, by cron strings, and only when triggered.
#![deny(warnings)]

use durably::{
    prelude::*,
    schedule::{Calendar, Overlap, Weekday},
};

#[derive(Default)]
pub struct Report;

#[workflow(task_queue = "reports")]
impl Report {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, region: String) -> Result<String> {
        ctx.sleep(secs(1)).await?;
        Ok(region)
    }
}

pub async fn schedules(client: &Client, region: &str) -> Result<()> {
    let nightly = Report::schedule(client, "nightly", region)
        .calendar(Calendar::daily(2, 0))
        .skip(Calendar::weekly(Weekday::Sunday, 2, 0))
        .time_zone("Europe/Berlin")
        .overlap(Overlap::BufferOne)
        .await?;
    Report::schedule(client, "hourly", "eu")
        .every(hours(1))
        .offset(mins(5))
        .await?;
    Report::schedule(client, "workdays", String::from("us"))
        .cron("0 7 * * 1-5")
        .task_queue("other")
        .paused()
        .await?;
    Report::schedule(client, "on demand", region)
        .only_triggered()
        .await?;
    nightly.trigger().overlap(Overlap::AllowAll).await?;
    nightly.pause("holidays").await?;
    Ok(())
}
