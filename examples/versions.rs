//! Code that changes under running workflows: a patch for those that go on with the new code, and versions of a worker
//! for those that stay with the old one.
//!
//! `cargo run --example versions`

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn charge(cents: u64) -> String {
    format!("charged {cents}")
}

const WITH_TAX: Patch = Patch::new("with tax");

/// The code of the first release.
mod first {
    use super::*;

    /// Stays on the version that began it.
    #[derive(Default)]
    pub(super) struct Order {
        paid: bool,
    }

    #[workflow(task_queue = "orders", versioning = "pinned")]
    impl Order {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<String> {
            ctx.wait_until(|| self.paid).await?;
            Ok(format!(
                "{} by the first release",
                charge::call(ctx, 100).await?
            ))
        }

        #[signal]
        pub(super) fn pay(&mut self) {
            self.paid = true;
        }
    }

    /// Moves on to the current version.
    #[derive(Default)]
    pub(super) struct Account {
        closed: bool,
    }

    #[workflow(task_queue = "orders", versioning = "auto_upgrade")]
    impl Account {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<String> {
            let charged = charge::call(ctx, 1).await?;
            ctx.wait_until(|| self.closed).await?;
            Ok(charged)
        }

        #[signal]
        pub(super) fn close(&mut self) {
            self.closed = true;
        }

        #[query]
        pub(super) fn is_open(&self) -> bool {
            !self.closed
        }
    }
}

/// The code of the second release.
mod second {
    use super::*;

    #[derive(Default)]
    pub(super) struct Order {
        paid: bool,
    }

    #[workflow(task_queue = "orders", versioning = "pinned")]
    impl Order {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<String> {
            ctx.wait_until(|| self.paid).await?;
            Ok(format!(
                "{} by the second release",
                charge::call(ctx, 119).await?
            ))
        }

        #[signal]
        pub(super) fn pay(&mut self) {
            self.paid = true;
        }
    }

    #[derive(Default)]
    pub(super) struct Account {
        closed: bool,
    }

    #[workflow(task_queue = "orders", versioning = "auto_upgrade")]
    impl Account {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<String> {
            // Runs that were here before the change go on as they began.
            let mut charged = charge::call(ctx, 1).await?;
            if ctx.patched(WITH_TAX) {
                charged = format!("{charged}, and {} of tax", charge::call(ctx, 19).await?);
            }
            ctx.wait_until(|| self.closed).await?;
            Ok(charged)
        }

        #[signal]
        pub(super) fn close(&mut self) {
            self.closed = true;
        }
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let name = format!("orders-{}", std::process::id());
    let worker = |build: &str| {
        let worker = Worker::new(&client, "orders").deployment(&name);
        worker.build_id(build).activity::<charge>()
    };
    let deployment = client.deployment(&name);
    let make_current = async |build: &str| {
        // The server learns of a version by the first polls of its workers.
        while let Err(error) = deployment.set_current(build).await {
            println!("not yet: {error}");
            tokio::time::sleep(millis(100)).await;
        }
    };

    let old = worker("1.0")
        .workflow::<first::Order>()
        .workflow::<first::Account>();
    let old = old.spawn().await?;
    make_current("1.0").await;
    let order = first::Order::start(&client).await?;
    let account = first::Account::start(&client).await?;
    println!("an account is open: {}", account.is_open().await?);
    while order.describe().await?.versioning.version.is_none() {
        tokio::time::sleep(millis(50)).await;
    }

    let new = worker("1.1")
        .workflow::<second::Order>()
        .workflow::<second::Account>();
    let new = new.spawn().await?;
    make_current("1.1").await;
    let next_order = second::Order::start(&client).await?;
    let next_account = second::Account::start(&client).await?;

    order.pay().await?;
    next_order.pay().await?;
    account.close().await?;
    next_account.close().await?;
    println!("order        {}", order.result().await?);
    println!("next order   {}", next_order.result().await?);
    println!("account      {}", account.result().await?);
    println!("next account {}", next_account.result().await?);
    old.shutdown().await?;
    new.shutdown().await
}
