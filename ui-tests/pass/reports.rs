//! `?` between durably's errors, those of anyhow and eyre, and boxed ones.
#![deny(warnings)]

use std::error::Error as StdError;

use durably::{error::ResultError, prelude::*};

type Boxed = Box<dyn StdError + Send + Sync>;

fn parse(text: &str) -> anyhow::Result<u32> {
    anyhow::ensure!(!text.is_empty(), "no number");
    Ok(text.parse()?)
}

fn parse_for_eyre(text: &str) -> eyre::Result<u32> {
    Ok(text.parse()?)
}

fn parse_boxed(text: &str) -> Result<u32, Boxed> {
    Ok(text.parse()?)
}

#[derive(Debug, thiserror::Error)]
#[error("cannot count")]
pub struct CountError(#[from] anyhow::Error);

#[activity(start_to_close = "10s")]
pub async fn double(text: String) -> Result<u32> {
    let mut number = parse(&text).map_err(Error::from_boxed)?;
    number += parse_for_eyre(&text).map_err(Error::from_boxed)?;
    number += parse_boxed(&text).map_err(Error::from_boxed)?;
    let name = text.strip_prefix('n').ok_or("no name");
    name.map_err(Error::from_boxed)?;
    Ok(number)
}

#[activity(start_to_close = "10s")]
pub async fn count(text: String) -> Result<u32, CountError> {
    Ok(parse(&text)?)
}

#[derive(Default)]
pub struct Counter;

#[workflow(task_queue = "counters")]
impl Counter {
    #[run]
    async fn run(&mut self, ctx: &Ctx, text: String) -> Result<u32> {
        let doubled = double::call(ctx, &text).await?;
        let number = parse(&text).map_err(Error::from_boxed)?;
        Ok(doubled + number + count::call(ctx, text).await?)
    }
}

fn ready() -> Result<()> {
    Ok(())
}

pub async fn with_anyhow(client: &Client) -> anyhow::Result<u32> {
    ready()?;
    let counter = Counter::start(client, "3").await?;
    match counter.result().await {
        Ok(number) => Ok(number),
        Err(ResultError::TimedOut(_)) => Ok(0),
        Err(error) => Err(error)?,
    }
}

pub async fn with_eyre(client: &Client) -> eyre::Result<u32> {
    ready()?;
    Ok(Counter::start(client, "3").await?.result().await?)
}

pub async fn boxed(client: &Client) -> Result<u32, Box<dyn StdError>> {
    ready()?;
    Ok(Counter::start(client, "3").await?.result().await?)
}

pub async fn boxed_between_threads(client: &Client) -> Result<u32, Boxed> {
    ready()?;
    Ok(Counter::start(client, "3").await?.result().await?)
}

#[durably::main]
async fn main() -> anyhow::Result<()> {
    let client = Client::connect("http://localhost:7233").await?;
    let worker = Worker::new(&client, "counters")
        .workflow::<Counter>()
        .activity::<double>()
        .activity::<count>()
        .spawn()
        .await?;
    println!("{}", with_anyhow(&client).await?);
    worker.shutdown().await?;
    Ok(())
}
