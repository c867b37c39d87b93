//! The `temporal` command line: tables of its commands, each run on both servers, whose answers must be the same.

mod activities;
mod batches;
mod commands;
mod deployments;
mod histories;
mod namespaces;
mod nexus;
mod schedules;
mod task_queues;
mod updates;
mod workers;
mod workflows;

use durably::{prelude::*, worker::WorkerGuard};
use durably_tests::World;

/// Timeouts that the command line sends as zero.
const ZERO: &[&str] = &["workflowExecutionTimeout", "workflowRunTimeout"];
/// Why they differ.
const NONE: &str = "a timeout of zero is none, and ours does not keep that the request had one";

/// A cart: open until it is checked out.
#[derive(Default)]
struct Cart {
    items: Vec<String>,
    is_checked_out: bool,
}

#[workflow]
impl Cart {
    #[run]
    async fn run(&mut self, ctx: &Ctx, first: String) -> Result<String> {
        self.items.push(first);
        if self.items[0] == "nothing" {
            bail!("the cart is empty");
        }
        ctx.wait_until(|| self.is_checked_out).await?;
        Ok(self.items.join(", "))
    }

    #[signal]
    fn add(&mut self, item: String) {
        self.items.push(item);
    }

    #[signal]
    fn check_out(&mut self) {
        self.is_checked_out = true;
    }

    #[query]
    fn items(&self) -> Vec<String> {
        self.items.clone()
    }

    #[update(validator = check_item)]
    fn replace(&mut self, item: String) -> Vec<String> {
        std::mem::replace(&mut self.items, vec![item])
    }

    fn check_item(&self, item: &str) -> Result<(), &'static str> {
        match item.is_empty() {
            true => Err("an item has a name"),
            false => Ok(()),
        }
    }

    #[update]
    fn refuse(&mut self) -> Result<()> {
        bail!("the shop is closed")
    }
}

async fn carts(world: &World) -> Result<WorkerGuard> {
    world.worker().workflow::<Cart>().spawn().await
}

async fn nothing(_: &World) -> Result<()> {
    Ok(())
}
