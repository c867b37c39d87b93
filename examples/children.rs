//! An order that ships each item with a child workflow, signals and cancels the children, and tells
//! another workflow when it is done.
//!
//! `cargo run --example children`

use durably::prelude::*;

/// The way of one item: a workflow of its own, with its own history.
#[derive(Default)]
struct Shipment {
    address: Option<String>,
}

#[workflow(task_queue = "orders")]
impl Shipment {
    #[run]
    async fn run(&mut self, ctx: &Ctx, item: String) -> Result<String> {
        if item == "moon rock" {
            return Err(AppError::new("OutOfReach", "no rocket is free").into());
        }
        // A cancelled wait returns an `Err`, so `?` ends the shipment as cancelled.
        ctx.wait_until(|| self.address.is_some()).await?;
        let address = self.address.clone().unwrap_or_default();
        Ok(format!("{item} is at {address}"))
    }

    #[signal]
    fn send_to(&mut self, address: String) {
        self.address = Some(address);
    }
}

/// Counts the orders of a day.
#[derive(Default)]
struct Ledger {
    orders: Vec<String>,
}

#[workflow(task_queue = "orders")]
impl Ledger {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        ctx.wait_until(|| !self.orders.is_empty()).await?;
        Ok(self.orders.clone())
    }

    #[signal]
    fn record(&mut self, order: String) {
        self.orders.push(order);
    }
}

/// Asks the customer a week later.
#[derive(Default)]
struct Survey {
    answer: Option<String>,
}

#[workflow(task_queue = "orders")]
impl Survey {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Option<String>> {
        let answered = ctx.wait_until(|| self.answer.is_some());
        answered.timeout(days(7)).await?;
        Ok(self.answer.clone())
    }

    #[signal]
    fn answer(&mut self, answer: String) {
        self.answer = Some(answer);
    }
}

#[derive(Default)]
struct Order;

#[workflow(task_queue = "orders")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, ledger: String) -> Result<Vec<String>> {
        // Three children at once; each handle signals its child.
        let mut shipments = Vec::new();
        for item in ["tea", "a kettle", "a piano"] {
            shipments.push(Shipment::child(ctx, item).summary(item).start().await?);
        }
        for shipment in &shipments[..2] {
            shipment.send_to("12 Hill Street").await?;
        }
        // Nobody can carry the piano.
        shipments[2].cancel_with_reason("too heavy");

        let mut report = Vec::new();
        for shipped in join_all(shipments.iter().map(|it| it.result())).await {
            report.push(match shipped {
                Ok(arrived) => arrived,
                Err(error) if error.is_cancelled() => "one shipment was cancelled".to_owned(),
                Err(error) => return Err(error.into()),
            });
        }

        // The failure of a child is an error with the child's own error as its cause.
        if let Err(error) = Shipment::child(ctx, "moon rock").await {
            let reason = error.app().map_or("?", |app| app.message.as_str());
            report.push(format!("no moon rock: {reason}"));
        }

        // A child that outlives its parent: it is awaited until it has started. By default it would be terminated,
        // and with `ParentClose::RequestCancel` it would be cancelled.
        let survey = Survey::child(ctx)
            .id(format!("survey-of-{}", ctx.workflow_id()))
            .parent_close(ParentClose::Abandon);
        report.push(format!("{} goes on", survey.start().await?.id()));

        // Another workflow, which is no child, by its id.
        let order = ctx.workflow_id().to_owned();
        match Ledger::external(ctx, ledger).record(order).await {
            Err(error) if error.is_not_found() => report.push("nobody counts".to_owned()),
            recorded => recorded?,
        }
        Ok(report)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "orders")
        .workflow::<Order>()
        .workflow::<Shipment>()
        .workflow::<Ledger>()
        .workflow::<Survey>()
        .spawn()
        .await?;

    let ledger = Ledger::start(&client).await?;
    let order = Order::start(&client, ledger.id()).await?;
    for line in order.result().await? {
        println!("{line}");
    }
    let counted = ledger.result().await?;
    println!("{} order in the ledger", counted.len());

    let survey = Survey::handle(&client, format!("survey-of-{}", order.id()));
    survey.answer("where is the piano?").await?;
    println!("the customer asks {:?}", survey.result().await?);

    println!("\n{}", order.history().await?);
    worker.shutdown().await
}
