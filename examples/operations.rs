//! An operator's view: what workflows wait for, lists and counts, a history as it grows, resets, and namespaces.
//!
//! `cargo run --example operations`

use durably::{
    client::ResetPoint,
    error::NamespaceError,
    prelude::*,
    search::{Keyword, SearchKey},
};

const STATUS: SearchKey<Keyword> = SearchKey::new("ExecutionStatus");

/// A gateway that is down.
#[activity(start_to_close = "10s")]
async fn charge(cents: u64) -> Result<()> {
    bail!("the gateway takes no {cents} cents")
}

#[derive(Default)]
struct Order {
    cancelled: bool,
}

#[workflow(task_queue = "orders")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<String> {
        let paid = charge::call(ctx, cents).retry(Retry::attempts(100).initial_interval(secs(5)));
        let cancelled = ctx.wait_until(|| self.cancelled);
        match race(paid, cancelled).await {
            Either::First(paid) => paid.map(|()| "paid".to_owned()).map_err(Error::from),
            Either::Second(cancelled) => cancelled
                .map(|()| "cancelled".to_owned())
                .map_err(Error::from),
        }
    }

    #[signal]
    fn withdraw(&mut self) {
        self.cancelled = true;
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
    let order = Order::start(&client, 4_500).await?;

    // What it waits for, and why that takes so long.
    let described = loop {
        let described = order.describe().await?;
        if described.pending_activities.iter().any(|it| it.attempt > 1) {
            break described;
        }
        tokio::time::sleep(millis(50)).await;
    };
    for activity in &described.pending_activities {
        let failure = activity.last_failure.as_ref().map(ToString::to_string);
        println!(
            "{} waits for attempt {} of {:?}: {failure:?}",
            activity.activity_type, activity.attempt, activity.max_attempts
        );
    }

    // Lists and counts.
    let open = "WorkflowType = 'Order' AND ExecutionStatus = 'Running'";
    println!("{} orders are open", client.count(open).await?);
    for (status, count) in client.count_by(STATUS, "WorkflowType = 'Order'").await? {
        println!("{count} orders are {status:?}");
    }

    // The history as it grows, until the workflow has closed.
    order.withdraw().await?;
    let mut events = order.untyped().events().wait();
    while let Some(event) = events.next().await? {
        println!("{:>3} {} {}", event.id(), event.name(), event.summary());
    }
    println!("the order is {}", order.result().await?);

    // Once more from its first task on: the withdrawal came after it, and comes again.
    let again = order
        .reset(ResetPoint::FirstTask, "the gateway is back")
        .await?;
    println!("after the reset it is {}", again.result().await?);

    // A namespace of its own for another team.
    match client.register_namespace("shop").retention(days(7)).await {
        // An earlier run of this program has registered it.
        Ok(()) | Err(NamespaceError::AlreadyExists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let shop = client.describe_namespace("shop").await?;
    println!(
        "{} keeps closed workflows for {:?}",
        shop.name, shop.retention
    );
    println!(
        "a client of it: {}",
        client.in_namespace("shop").namespace()
    );
    worker.shutdown().await
}
