//! A shop: a service of several modules for data, errors, activities and workflows, which this file
//! connects.
//!
//! `cargo run --example shop`

mod activities;
mod data;
mod errors;
mod workflows;

use durably::prelude::*;

use activities::{Warehouse, charge};
use data::Purchase;
use workflows::{Complaint, Order};

const TASK_QUEUE: &str = "shop";

/// The worker, with all workflows and activities of the shop.
fn worker(client: &Client) -> Worker {
    Worker::new(client, TASK_QUEUE)
        .workflow::<Order>()
        .workflow::<Complaint>()
        .activity::<charge>()
        .activities(Warehouse::new(&["ring", "lamp"]))
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = worker(&client).spawn().await?;

    println!("a ring");
    let order = Order::start(&client, Purchase::new("ring", 4_900))
        .task_queue(TASK_QUEUE)
        .await?;
    println!("  approved: {}", order.is_approved().await?);
    order.approve().await?;
    let receipt = order.result().await?;
    println!("  {receipt}");

    println!("the ring does not fit");
    let complaint = Complaint::start(&client, "ring")
        .task_queue(TASK_QUEUE)
        .await?;
    complaint.arrive().await?;
    println!("  back on the shelf: {}", complaint.result().await?);

    println!("a lamp, and a change of mind");
    let order = Order::start(&client, Purchase::new("lamp", 2_900))
        .task_queue(TASK_QUEUE)
        .await?;
    order.cancel().await?;
    match order.result().await {
        Err(error) if error.is_cancelled() => println!("  cancelled"),
        other => println!("  {other:?}"),
    }

    println!("a moon rocket");
    let order = Order::start(&client, Purchase::new("moon rocket", 1_000_000))
        .task_queue(TASK_QUEUE)
        .await?;
    order.approve().await?;
    match order.result().await {
        Ok(receipt) => println!("  {receipt}"),
        Err(error) => match errors::out_of_stock(&error) {
            Some(item) => println!("  no {item} is left"),
            None => println!("  {error}"),
        },
    }

    worker.shutdown().await
}
