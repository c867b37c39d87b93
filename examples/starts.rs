//! Ways in which a workflow starts and ends: with a signal, again after a failure, on a schedule of its own, too late,
//! terminated.
//!
//! `cargo run --example starts`

use durably::{
    client::IdConflictPolicy,
    error::{ResultError, RunError},
    prelude::*,
};

/// A cart that is there from the first item on.
#[derive(Default)]
struct Cart {
    items: Vec<String>,
    ordered: bool,
}

#[workflow(task_queue = "carts")]
impl Cart {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        ctx.wait_until(|| self.ordered).await?;
        Ok(self.items.clone())
    }

    #[signal]
    fn add(&mut self, item: String) {
        self.items.push(item);
    }

    #[signal]
    fn order(&mut self) {
        self.ordered = true;
    }
}

/// Fails at its first attempt.
#[derive(Default)]
struct Delivery;

#[workflow(task_queue = "carts")]
impl Delivery {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        match ctx.last_failure() {
            None => bail!("the van broke down"),
            Some(failure) => Ok(format!("delivered by attempt {}: {failure}", ctx.attempt())),
        }
    }
}

/// Counts, one more each time that it runs.
#[derive(Default)]
struct Report;

#[workflow(task_queue = "carts")]
impl Report {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        let before: Option<u32> = ctx.last_completion()?;
        let number = before.unwrap_or_default() + 1;
        if number == 3 {
            // A failure does not end the schedule, and the last result stays.
            bail!("three are enough");
        }
        Ok(number)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "carts")
        .workflow::<Cart>()
        .workflow::<Delivery>()
        .workflow::<Report>()
        .spawn()
        .await?;

    // The first call starts the cart, the second one finds it.
    let id = format!("cart-{}", std::process::id());
    let cart = Cart::start(&client)
        .id(&id)
        .with_signal(|cart| cart.add("tea"));
    let cart = cart.await?;
    Cart::start(&client)
        .id(&id)
        .with_signal(|cart| cart.add("a cup"))
        .await?;
    cart.order().await?;
    println!("ordered     {}", cart.result().await?.join(" and "));

    let delivery = Delivery::start(&client).retry(Retry::attempts(3).initial_interval(millis(50)));
    println!("retried     {}", delivery.result().await?);

    // Nobody orders: the run ends when its time is over.
    let forgotten = Cart::start(&client).run_timeout(secs(1)).result().await;
    if let Err(RunError::Result(ResultError::TimedOut(_))) = forgotten {
        println!("timed out   nobody ordered");
    }

    let report = Report::start(&client).cron("@every 1s").await?;
    // Its first run begins with the next second, and the others one after the other.
    let mut runs = vec![report.run_id().unwrap_or_default().to_owned()];
    while runs.len() < 3 {
        tokio::time::sleep(millis(100)).await;
        let latest = report.describe().await?.run_id.clone();
        if !runs.contains(&latest) {
            runs.push(latest);
        }
    }
    println!("on schedule {} runs", runs.len());
    report.terminate("seen enough").await?;
    if let Err(error) = report.result().await {
        println!("terminated  {error}");
    }

    // One id, one open run: a second start attaches to it, takes its place, or is an error.
    let first = Cart::start(&client).id(&id).await?;
    let policy = IdConflictPolicy::UseExisting;
    let second = Cart::start(&client)
        .id(&id)
        .id_conflict_policy(policy)
        .await?;
    println!("attached    {}", first.run_id() == second.run_id());
    first.order().await?;
    first.result().await?;
    worker.shutdown().await
}
