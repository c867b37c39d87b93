//! The Python SDK as a foreign client of a durably workflow, and as a foreign worker.

use std::process::Stdio;

use durably::{error::UpdateError, prelude::*};
use durably_tests::{
    World, on_both_servers,
    process::{output, python},
};

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
    updates_that_a_python_worker_rejects_and_fails_are_told_apart
}

async fn a_python_client_starts_signals_queries_and_updates(world: &World) -> Result<()> {
    let Some(mut command) = python("foreign_client.py") else {
        return Ok(());
    };
    let worker = world
        .worker()
        .workflow::<Cart>()
        .workflow::<Broken>()
        .activity::<price>()
        .spawn()
        .await?;
    command.args([world.address(), world.queue.clone()]);
    output(command).await;
    worker.shutdown().await
}

async fn updates_that_a_python_worker_rejects_and_fails_are_told_apart(
    world: &World,
) -> Result<()> {
    let Some(mut worker) = python("foreign_worker.py") else {
        return Ok(());
    };
    let mut worker = worker
        .args([world.address(), world.queue.clone()])
        .stdin(Stdio::piped())
        .spawn()?;
    let till = world
        .client
        .start("Till", ())
        .task_queue(&world.queue)
        .await?;
    let charge = |how: &str| till.update::<String>("charge", (how.to_owned(),));
    assert_eq!(charge("works").await?, "works");
    for (how, rejected, kind) in [
        ("is refused", true, "CardError"),
        ("is no card", true, "ValueError"),
        ("fails", false, "CardError"),
        ("fails later", false, "CardError"),
    ] {
        let error = charge(how).await.unwrap_err();
        match &error {
            UpdateError::Rejected(_) => assert!(rejected, "{how}: {error:?}"),
            UpdateError::Failed(_) => assert!(!rejected, "{how}: {error:?}"),
            other => panic!("{how}: {other:?}"),
        }
        let app = error.app().expect("the worker says why");
        assert_eq!((app.kind.as_str(), app.message.as_str()), (kind, how));
    }
    let unknown = till.update::<String>("chrage", ("works",)).await;
    let error = unknown.unwrap_err();
    assert!(matches!(error, UpdateError::Rejected(_)), "{error:?}");
    till.signal("close", ()).await?;
    till.result::<()>().await?;
    // It ends with its input.
    drop(worker.stdin.take());
    let ended = tokio::task::spawn_blocking(move || worker.wait());
    assert!(ended.await.expect("waiting does not panic")?.success());
    Ok(())
}
