//! The Python SDK as a foreign client of a durably workflow.

use std::process::Command;

use durably::prelude::*;
use durably_tests::{World, on_both_servers, process::tool};

#[durably::data]
#[derive(Clone)]
struct Item {
    name: String,
    cents: u64,
}

#[activity(start_to_close = "10s")]
async fn price(items: Vec<Item>) -> u64 {
    items.iter().map(|item| item.cents).sum()
}

/// A cart that a Python program fills.
#[derive(Default)]
struct Cart {
    items: Vec<Item>,
    closed: bool,
    note: Option<String>,
}

#[workflow(name = "cart")]
impl Cart {
    #[run]
    async fn run(&mut self, ctx: &Ctx, owner: String, note: Option<String>) -> Result<String> {
        self.note = note;
        ctx.wait_until(|| self.closed).await?;
        let cents = price::call(ctx, self.items.clone()).await?;
        Ok(format!("{owner}: {cents}"))
    }

    #[signal(name = "add item")]
    fn add(&mut self, item: Item) {
        self.items.push(item);
    }

    #[update(validator = check_rename)]
    fn rename(&mut self, from: String, to: String) -> u32 {
        let mut renamed = 0;
        for item in &mut self.items {
            if item.name == from {
                item.name.clone_from(&to);
                renamed += 1;
            }
        }
        renamed
    }

    fn check_rename(&self, from: &str, _to: &str) -> Result<(), String> {
        if self.items.iter().any(|item| item.name == from) {
            Ok(())
        } else {
            Err(format!("no {from} in the cart"))
        }
    }

    #[query]
    fn items(&self) -> Vec<Item> {
        self.items.clone()
    }

    #[query]
    fn note(&self) -> Option<String> {
        self.note.clone()
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}

/// Fails with details, for the foreign client to read.
#[derive(Default)]
struct Broken;

#[workflow(name = "broken")]
impl Broken {
    #[run]
    async fn run(&mut self) -> Result<()> {
        Err(AppError::new("OutOfStock", "no tea left")
            .non_retryable()
            .details(vec!["tea"])
            .into())
    }
}

on_both_servers! {
    a_python_client_starts_signals_queries_and_updates
}

async fn a_python_client_starts_signals_queries_and_updates(world: &World) -> Result<()> {
    let Some(python) = tool(
        "DURABLY_PYTHON",
        "a_python_client_starts_signals_queries_and_updates",
    ) else {
        return Ok(());
    };
    let worker = world
        .worker()
        .workflow::<Cart>()
        .workflow::<Broken>()
        .activity::<price>()
        .spawn()
        .await?;
    let mut command = Command::new(python);
    command
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/interop/foreign_client.py"
        ))
        .args([world.address(), world.queue.clone()]);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("the command does not panic")?;
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    worker.shutdown().await
}
