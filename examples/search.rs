//! Orders that are found by their customer and their amount: search attributes of starts, changed by
//! workflows, in the filters of lists; memos, priorities, summaries and current details.
//!
//! `cargo run --example search`
//!
//! On a Temporal server the attributes have to be registered first:
//! `temporal operator search-attribute create --name Customer --type Keyword --name Amount --type Double`

use durably::{
    client::WorkflowStatus,
    prelude::*,
    search::{Filter, Keyword, SearchKey},
};

const CUSTOMER: SearchKey<Keyword> = SearchKey::new("Customer");
const AMOUNT: SearchKey<f64> = SearchKey::new("Amount");

/// An order that waits for its payment.
#[derive(Default)]
struct Order {
    paid: bool,
}

#[workflow(task_queue = "orders")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.set_current_details("waits for its **payment**");
        ctx.wait_until(|| self.paid).await?;
        Ok(())
    }

    /// The customer has a voucher.
    #[update]
    fn discount(&mut self, ctx: &Ctx, percent: f64) -> Result<f64> {
        let full = ctx.search(AMOUNT)?.unwrap_or_default();
        let amount = full * (100.0 - percent) / 100.0;
        ctx.upsert(AMOUNT.set(amount))?;
        ctx.upsert_memo("voucher", percent)?;
        Ok(amount)
    }

    #[signal]
    fn pay(&mut self) {
        self.paid = true;
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let server = durably::Server::builder()
        .search_attribute(CUSTOMER)
        .search_attribute(AMOUNT);
    let server = server.start().await?;
    let client = match std::env::var("TEMPORAL_ADDRESS") {
        Ok(address) => Client::connect(address).await?,
        Err(_) => server.client().await?,
    };
    let worker = Worker::new(&client, "orders").workflow::<Order>();
    let worker = worker.spawn().await?;

    let mut orders = Vec::new();
    for (customer, amount) in [("ann", 20.0), ("ann", 250.0), ("bob", 90.0)] {
        let order = Order::start(&client)
            .search(CUSTOMER, customer)
            .search(AMOUNT, amount)
            .memo("voucher", 0.0)
            .summary(format!("{customer} owes {amount}"))
            // Large orders first; and on a cluster no customer delays the others. The embedded server keeps
            // fairness keys, and does not apply them.
            .priority(Priority::key(if amount > 100.0 { 1 } else { 3 }).fairness_key(customer));
        orders.push(order.await?);
    }
    let large = &orders[1];
    println!("with the voucher: {}", large.discount(20.0).await?);

    let open = CUSTOMER.eq("ann").and(WorkflowStatus::Running);
    print_orders(&client, open.clone(), 2).await?;
    print_orders(&client, open.and(AMOUNT.ge(100.0)), 1).await?;

    let described = large.describe().await?;
    println!("{:?}, {:?}", described.static_summary, described.priority);
    println!("it {}", described.current_details().await?);

    for order in orders {
        order.pay().await?;
        order.result().await?;
    }
    worker.shutdown().await
}

/// Prints what the filter finds, once the server lists that many: lists follow a moment after the runs.
async fn print_orders(client: &Client, filter: Filter, expected: u64) -> Result<()> {
    while client.count(filter.clone()).await? < expected {
        tokio::time::sleep(millis(20)).await;
    }
    println!("{filter}");
    let mut found = client.list(filter);
    while let Some(order) = found.next().await? {
        let (amount, voucher) = (order.search(AMOUNT)?, order.memo::<f64>("voucher")?);
        println!("  {}: {amount:?}, voucher {voucher:?}", order.workflow_id);
    }
    Ok(())
}
