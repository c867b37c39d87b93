//! A report every night, as a schedule: created, triggered, backfilled, paused, changed and listed.
//!
//! `cargo run --example schedules`

use durably::{
    error::CreateScheduleError,
    prelude::*,
    schedule::{Calendar, Overlap, Weekday},
};

#[derive(Default)]
struct Report;

#[workflow(task_queue = "reports")]
impl Report {
    #[run]
    async fn run(&mut self, region: String) -> String {
        format!("the report of {region}")
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "reports")
        .workflow::<Report>()
        .spawn()
        .await?;

    let created = Report::schedule(&client, "nightly-eu", "eu")
        .calendar(Calendar::daily(2, 0))
        .skip(Calendar::weekly(Weekday::Sunday, 2, 0))
        .time_zone("Europe/Berlin")
        .overlap(Overlap::BufferOne)
        .note("for the board")
        .await;
    let nightly = match created {
        Ok(schedule) => schedule,
        // An earlier run of this program has created it.
        Err(CreateScheduleError::AlreadyExists(it)) => client.schedule(it.schedule_id),
        Err(error) => return Err(error.into()),
    };

    // Now, and for two days on which it did not exist.
    nightly.trigger().await?;
    let past = Time::UNIX_EPOCH + days(20_500);
    nightly
        .backfill(past..past + days(2))
        .overlap(Overlap::AllowAll)
        .await?;
    let info = loop {
        let info = nightly.describe().await?.info;
        if info.counts.started == 3 {
            break info;
        }
        tokio::time::sleep(millis(50)).await;
    };
    for run in &info.recent {
        let report = Report::handle(&client, &run.workflow_id).result().await?;
        println!("{}: {report}", run.workflow_id);
    }
    println!("three of the next: {:?}", &info.next[..3]);

    nightly.pause("holidays").await?;
    nightly
        .update(|schedule| schedule.spec.calendars = vec![Calendar::daily(3, 30)])
        .await?;
    let changed = nightly.describe().await?;
    println!(
        "{} ({}): paused is {}",
        changed.id, changed.note, changed.paused
    );
    println!("listed: {}", client.schedules().next().await?.is_some());

    nightly.delete().await?;
    worker.shutdown().await
}
