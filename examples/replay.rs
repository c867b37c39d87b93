//! A change of code, tried on recorded histories before it is deployed: as files, and from the server.
//!
//! `cargo run --example replay`

use std::{env, fs, process};

use durably::{
    client::History,
    prelude::*,
    replay::{self, CheckError},
};

#[activity(start_to_close = "10s")]
async fn charge(cents: u64) -> String {
    format!("receipt for {cents} cents")
}

#[activity(start_to_close = "10s")]
async fn check_fraud(cents: u64) -> bool {
    cents > 100_000
}

/// The code that has been running.
#[derive(Default)]
struct Order;

#[workflow(task_queue = "orders")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<String> {
        let receipt = charge::call(ctx, cents).await?;
        ctx.sleep(millis(10)).await?;
        Ok(receipt)
    }
}

/// A change: running orders have charged where this code checks.
#[derive(Default)]
struct Unguarded;

#[workflow(name = "Order")]
impl Unguarded {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<String> {
        if check_fraud::call(ctx, cents).await? {
            bail!("{cents} cents are suspicious");
        }
        let receipt = charge::call(ctx, cents).await?;
        ctx.sleep(millis(10)).await?;
        Ok(receipt)
    }
}

const CHECK_FRAUD: Patch = Patch::new("check fraud");

/// The same change, behind a patch.
#[derive(Default)]
struct Guarded;

#[workflow(name = "Order")]
impl Guarded {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<String> {
        if ctx.patched(CHECK_FRAUD) && check_fraud::call(ctx, cents).await? {
            bail!("{cents} cents are suspicious");
        }
        let receipt = charge::call(ctx, cents).await?;
        ctx.sleep(millis(10)).await?;
        Ok(receipt)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "orders")
        .workflow::<Order>()
        .activity::<charge>()
        .spawn()
        .await?;

    // In a project this is a folder under version control, such as `tests/histories`. The files of
    // `temporal workflow show -o json` and of the UI go there, too.
    let folder = env::temp_dir().join(format!("durably-histories-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let (small, large) = (
        Order::start(&client, 1_000).await?,
        Order::start(&client, 9_000).await?,
    );
    small.result().await?;
    large.result().await?;
    fs::write(folder.join("small.json"), small.history().await?.to_json())?;
    fs::write(
        folder.join("large.binpb"),
        large.history().await?.to_protobuf(),
    )?;
    println!("{}", History::from_file(folder.join("small.json"))?);

    // What a test writes in one line: the code that wrote the histories replays them.
    println!("{}", replay::folder(&folder).workflow::<Order>().check()?);

    // The change does not, and the report says where both part.
    match replay::folder(&folder).workflow::<Unguarded>().check() {
        Err(error @ CheckError::Failed { .. }) => println!("\n{error}\n"),
        other => bail!("the change is noticed, so this cannot be: {other:?}"),
    }

    // Behind a patch it does: for what is in files, and for all orders on the server.
    let checked = replay::folder(&folder).workflow::<Guarded>().check()?;
    assert_eq!(checked.histories, 2);
    fs::remove_dir_all(&folder)?;
    let orders = replay::client(&client, "WorkflowType = 'Order'").limit(100);
    println!("{}", orders.workflow::<Guarded>().check().await?);

    worker.shutdown().await
}
