//! Histories that are replayed: from files, from a handle and from a list.
#![deny(warnings)]

use durably::{
    client::{History, List},
    error::HandleError,
    prelude::*,
    replay::{self, CheckError, OnServer, Recorded, Replay, ReplayError, Replayed, Summary},
};

#[derive(Default)]
pub struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<u64> {
        ctx.sleep(days(1)).await?;
        Ok(cents)
    }
}

#[derive(Default)]
pub struct Refund;

#[workflow]
impl Refund {
    #[run]
    async fn run(&mut self) {}
}

/// One place for the types of a service, whatever the source.
fn shop<S>(replay: Replay<S>) -> Replay<S> {
    replay.workflow::<Order>().workflow::<Refund>()
}

pub fn in_one_line() -> Result<()> {
    replay::folder("tests/histories")
        .workflow::<Order>()
        .check()?;
    Ok(())
}

pub fn recorded() -> Result<Summary, CheckError> {
    let files: Replay<Recorded> = replay::folder("tests/histories");
    shop(files).namespace("orders").skip_unregistered().check()
}

pub fn first_mismatch(replayed: Vec<Replayed>) -> Option<Replayed> {
    replayed
        .into_iter()
        .find(|it| matches!(it.result, Err(ReplayError::Mismatch(_))))
}

pub fn each() -> Option<Replayed> {
    first_mismatch(shop(replay::file("order.json")).replay_all())
}

/// In a task of its own.
pub fn from_a_server(client: Client) -> tokio::task::JoinHandle<Result<()>> {
    tokio::spawn(async move {
        let open: Replay<OnServer> = replay::client(&client, "ExecutionStatus = 'Running'");
        println!("{}", shop(open).limit(100).check().await?);
        let all = shop(replay::client(&client, "")).replay_all().await?;
        println!("{}", all.len());
        Ok(())
    })
}

pub async fn of_handles(order: Handle<Order>, client: &Client) -> Result<()> {
    shop(replay::histories([order.history().await?])).check()?;
    let mut list: List<History, HandleError> = client.histories("").limit(2);
    let mut histories = Vec::new();
    while let Some(history) = list.next().await? {
        histories.push(history);
    }
    shop(replay::histories(histories)).check()?;
    Ok(())
}

fn main() {}
