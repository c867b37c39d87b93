//! Activities of every shape: async and blocking, with a context, with errors of one's own.
#![deny(warnings)]

use std::{fs, path::PathBuf, time::Instant};

use durably::prelude::*;

/// A plain `fn` runs on a thread that may block.
#[activity(start_to_close = "5m", heartbeat = "30s", max_attempts = 3)]
pub fn count_words(ctx: &ActivityCtx, file: PathBuf) -> Result<usize, std::io::Error> {
    let mut words = 0;
    for line in fs::read_to_string(file)?.lines() {
        words += line.split_whitespace().count();
        ctx.heartbeat(words);
        if ctx.is_cancelled() {
            break;
        }
    }
    Ok(words)
}

/// Starts where its last attempt stopped.
#[activity(heartbeat = "10s", schedule_to_close = "2h")]
pub async fn import(ctx: &ActivityCtx, rows: u64) -> Result<u64> {
    let from: u64 = ctx.heartbeat_details()?.unwrap_or(0);
    let started = Instant::now();
    for row in from..rows {
        tokio::time::sleep(millis(1)).await;
        ctx.heartbeat(row);
    }
    if started.elapsed() > hours(1) {
        return Err(AppError::new("Slow", "took too long").details(rows).into());
    }
    Ok(rows - from)
}

#[durably::data]
pub struct Mail {
    to: String,
    attachments: Vec<durably::Bytes>,
}

/// Says nothing back, and cannot fail but by panicking.
#[activity(name = "sendMail", task_queue = "mail")]
pub async fn send(mail: Mail, copies: u8) {
    println!("{} to {} with {}", copies, mail.to, mail.attachments.len());
}

#[activity]
async fn roll() -> u8 {
    rand::random::<u8>() % 6 + 1
}

#[derive(Default)]
pub struct Report;

#[workflow(task_queue = "reports")]
impl Report {
    #[run]
    async fn run(&mut self, ctx: &Ctx, file: PathBuf) -> Result<usize> {
        let words = count_words::call(ctx, file).await?;
        let rows = import::call(ctx, words as u64).await?;
        let mail = Mail {
            to: "ann@example.com".into(),
            attachments: vec![vec![1, 2].into()],
        };
        send::call(ctx, mail, 1).start_to_close(secs(10)).await?;
        let pips = roll::call(ctx).schedule_to_close(secs(5)).await?;
        Ok(words + usize::from(pips) + usize::try_from(rows)?)
    }
}

/// Outside of workflows an activity is the function it was.
pub async fn by_hand() -> Result<usize> {
    let (ctx, test) = ActivityCtx::for_test("import");
    let rows = import(&ctx, 3).await?;
    let told: Vec<u64> = test.heartbeats()?;
    send(
        Mail {
            to: "bob".into(),
            attachments: Vec::new(),
        },
        roll().await,
    )
    .await;
    Ok(told.len() + usize::try_from(rows)?)
}

fn main() {}
