//! Activities with shared dependencies, a child workflow, compensation.
#![deny(warnings)]

use durably::prelude::*;

#[durably::data]
#[derive(Clone)]
pub struct Order {
    pub id: String,
    pub item: String,
    pub cents: u64,
    pub address: String,
}

/// Stands for a connection pool that all activities share.
#[derive(Default)]
pub struct Shop {
    pub log: std::sync::Mutex<Vec<String>>,
}

#[activities]
impl Shop {
    #[activity]
    async fn reserve(&self, order: Order) -> Result<String> {
        if order.item == "unicorn" {
            return Err(AppError::new("OutOfStock", order.item)
                .non_retryable()
                .into());
        }
        Ok(self.note(format!("reserve {}", order.item)))
    }

    #[activity]
    async fn release(&self, reservation: String) {
        self.note(format!("release [{reservation}]"));
    }

    #[activity(name = "chargeCard", start_to_close = "1m")]
    async fn charge(&self, order_id: String, cents: u64) -> Result<String> {
        Ok(self.note(format!("charge {cents} for {order_id}")))
    }

    #[activity]
    async fn refund(&self, payment: String) {
        self.note(format!("refund [{payment}]"));
    }

    fn note(&self, what: String) -> String {
        self.log.lock().unwrap().push(what.clone());
        what
    }
}

#[derive(Default)]
pub struct Shipment;

#[workflow]
impl Shipment {
    #[run]
    async fn run(&mut self, ctx: &Ctx, order_id: String, address: String) -> Result<String> {
        ctx.sleep(hours(24)).await?;
        if address.is_empty() {
            bail!("no address for {order_id}");
        }
        Ok(format!("track-{order_id}"))
    }
}

#[derive(Default)]
pub struct OrderSaga {
    status: &'static str,
}

#[workflow]
impl OrderSaga {
    #[run]
    async fn run(&mut self, ctx: &Ctx, order: Order) -> Result<String> {
        let mut saga = Saga::new();
        let placed = self.place(ctx, &mut saga, order).await;
        if placed.is_err() {
            self.status = "compensating";
            saga.compensate().await;
        }
        placed
    }

    async fn place(&mut self, ctx: &Ctx, saga: &mut Saga, order: Order) -> Result<String> {
        let shop = Shop::stub(ctx).start_to_close(secs(10));
        self.status = "reserving";
        let reservation = shop.reserve(order.clone()).await?;
        saga.undo(shop.release(reservation));
        self.status = "charging";
        let payment = shop.charge(&order.id, order.cents).await?;
        saga.undo(shop.refund(payment));
        self.status = "shipping";
        let tracking = Shipment::child(ctx, &order.id, order.address)
            .id(format!("ship-{}", order.id))
            .await?;
        self.status = "done";
        Ok(tracking)
    }

    #[query]
    fn status(&self) -> String {
        self.status.into()
    }
}

pub async fn worker() -> Result<()> {
    let client = Client::connect("http://localhost:7233").await?;
    Worker::new(&client, "orders")
        .workflow::<OrderSaga>()
        .workflow::<Shipment>()
        .activities(Shop::default())
        .run()
        .await?;
    Ok(())
}

pub async fn client(order: Order) -> Result<()> {
    let client = Client::connect("http://localhost:7233").await?;
    let handle = OrderSaga::start(&client, order)
        .id("order-1")
        .task_queue("orders")
        .await?;
    println!("{}", handle.status().await?);
    handle.cancel().await?;
    println!("{}", handle.result().await?);
    Ok(())
}

fn main() {}
