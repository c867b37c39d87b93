//! What a run may take and return: nothing, a value, a `Result` of either kind of error.
#![deny(warnings)]

use std::fmt;

use durably::prelude::*;

#[derive(Default)]
pub struct Reminder;

#[workflow(task_queue = "chores")]
impl Reminder {
    #[run]
    async fn run(&mut self, ctx: &Ctx, hour: u64, text: String) -> Result<()> {
        ctx.sleep(hours(hour)).summary(&text).await?;
        tracing_like(&text);
        Ok(())
    }
}

/// Ends at once with a value of its own making.
#[derive(Default)]
pub struct Sum;

#[workflow(task_queue = "chores")]
impl Sum {
    #[run]
    async fn run(&mut self, numbers: Vec<i64>) -> i64 {
        numbers.into_iter().sum()
    }
}

/// Neither takes nor returns anything.
#[derive(Default)]
pub struct Heartbeat {
    beats: u64,
}

#[workflow(task_queue = "chores")]
impl Heartbeat {
    #[run]
    async fn run(&mut self, ctx: &Ctx) {
        while ctx.sleep(mins(1)).await.is_ok() {
            self.beats += 1;
        }
    }

    #[query]
    fn beats(&self) -> u64 {
        self.beats
    }
}

#[derive(Debug)]
pub enum Refused {
    Empty,
    TooMany(usize),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an order without items"),
            Self::TooMany(n) => write!(f, "{n} items are too many"),
        }
    }
}

impl std::error::Error for Refused {}

#[derive(Default)]
pub struct Accept;

#[workflow(task_queue = "chores")]
impl Accept {
    #[run]
    async fn run(
        &mut self,
        ctx: &Ctx,
        items: Vec<String>,
    ) -> Result<(usize, Option<String>), Refused> {
        if items.is_empty() {
            return Err(Refused::Empty);
        }
        ctx.sleep(secs(1)).await.map_err(|_| Refused::Empty)?;
        match items.len() {
            n @ 0..100 => Ok((n, items.into_iter().next())),
            n => Err(Refused::TooMany(n)),
        }
    }
}

fn tracing_like(text: &str) {
    let _ = text.len();
}

pub async fn client(client: &Client) -> Result<()> {
    Reminder::start(client, 3, "water the plants").await?;
    let sum = Sum::start(client, vec![1, 2, 3]).result().await?;
    let beats = Heartbeat::start(client).id("beat").await?.beats().await?;
    let (count, first) = Accept::start(client, vec!["tea".to_owned()])
        .result()
        .await?;
    assert!(sum > 5 && beats < 9 && count == 1 && first.is_some());
    Ok(())
}

fn main() {}
