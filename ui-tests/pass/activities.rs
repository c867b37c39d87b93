//! A shop: activities that share a pool, a mailer behind a trait, and a counter.
#![deny(warnings)]

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use durably::prelude::*;

pub trait Mailer: Send + Sync {
    fn send(&self, to: &str, text: &str) -> Result<()>;
}

pub struct Shop {
    orders: Mutex<Vec<Order>>,
    mailer: Arc<dyn Mailer>,
    sold: AtomicU64,
}

#[durably::data]
#[derive(Clone)]
pub struct Order {
    item: String,
    email: String,
}

impl Shop {
    pub fn new(mailer: Arc<dyn Mailer>) -> Self {
        Self {
            orders: Mutex::default(),
            mailer,
            sold: AtomicU64::new(0),
        }
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Vec<Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[activities]
impl Shop {
    const LIMIT: usize = 1_000;

    /// Keeps an order, and tells its number.
    #[activity(start_to_close = "5s")]
    async fn keep(&self, order: Order) -> Result<usize> {
        let mut orders = self.orders();
        if orders.len() == Self::LIMIT {
            bail!("no more than {} orders", Self::LIMIT);
        }
        orders.push(order);
        Ok(orders.len())
    }

    #[activity(name = "shop.mail", max_attempts = 10)]
    fn mail(&self, ctx: &ActivityCtx, order: Order) -> Result<()> {
        self.mailer
            .send(&order.email, &format!("{} ({})", order.item, ctx.attempt()))
    }

    #[activity]
    pub async fn sell(&self, pieces: u64) -> u64 {
        self.sold.fetch_add(pieces, Ordering::Relaxed)
    }
}

#[derive(Default)]
pub struct Sale;

#[workflow(task_queue = "shop")]
impl Sale {
    #[run]
    async fn run(&mut self, ctx: &Ctx, order: Order) -> Result<(usize, u64)> {
        let shop = Shop::stub(ctx);
        let number = shop.keep(order.clone()).await?;
        let patient = Shop::stub(ctx)
            .start_to_close(secs(30))
            .retry(Retry::attempts(3).initial_interval(secs(1)));
        patient.mail(order).await?;
        let sold = shop.sell(1).schedule_to_close(mins(1)).await?;
        Ok((number, sold))
    }
}

pub struct Silent;

impl Mailer for Silent {
    fn send(&self, to: &str, text: &str) -> Result<()> {
        match to.is_empty() {
            true => bail!("who gets {text}?"),
            false => Ok(()),
        }
    }
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "shop")
        .workflow::<Sale>()
        .activities(Shop::new(Arc::new(Silent)))
}

fn main() {}
