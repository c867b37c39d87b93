//! A warehouse: what to do with the state so that no borrow of it lives across an await.
#![deny(warnings)]

use std::collections::{BTreeMap, VecDeque};

use durably::prelude::*;

#[activity(start_to_close = "30s")]
pub async fn ship(order: String, pieces: u32) -> Result<u32> {
    Ok(u32::try_from(order.len())?.min(pieces))
}

#[derive(Default)]
pub struct Warehouse {
    stock: BTreeMap<String, u32>,
    orders: VecDeque<Order>,
    failed: Vec<(String, String)>,
    shipped: u32,
    counts: (u32, u32),
    plan: Plan,
    steps: &'static [u64],
}

/// Its `drain` is not that of a list: it returns what it owns.
#[derive(Default)]
pub struct Plan {
    days: Vec<u64>,
}

impl Plan {
    fn drain(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.days)
    }
}

/// Its name is that of a macro that logs, but it ends the method.
macro_rules! error {
    ($value:expr) => {
        return $value
    };
}

fn never() -> ! {
    std::process::abort()
}

#[durably::data]
#[derive(Clone)]
pub struct Order {
    id: String,
    item: String,
    pieces: u32,
}

#[workflow(task_queue = "warehouse")]
impl Warehouse {
    #[run]
    async fn run(&mut self, ctx: &Ctx, day: u64) -> Result<u32> {
        let closing = ctx.now() + hours(day);
        while ctx.now() < closing {
            let waited = ctx
                .wait_until(|| !self.orders.is_empty())
                .timeout(mins(10))
                .await?;
            if !waited {
                continue;
            }
            // Taken out of the state, an order is the run's own.
            while let Some(order) = self.orders.pop_front() {
                self.serve(ctx, order).await?;
            }
        }
        self.shipped += self.first_large(ctx).await?;
        self.follow(ctx).await?;
        self.fail(ctx).await?;
        // All that is left, at once; each branch has the state between its awaits.
        let left = std::mem::take(&mut self.orders);
        let last = left
            .iter()
            .map(|order| ship::call(ctx, &order.id, order.pieces));
        for pieces in join_all(last).await {
            self.shipped += pieces.unwrap_or_default();
        }
        Ok(self.shipped)
    }

    async fn serve(&mut self, ctx: &Ctx, order: Order) -> Result<()> {
        // A mutable borrow that ends before the await.
        if let Some(pieces) = self.stock.get_mut(&order.item) {
            *pieces = pieces.saturating_sub(order.pieces);
        }
        // A copy is taken before, what it was is looked up again after.
        let before = self.shipped;
        match ship::call(ctx, &order.id, order.pieces).await {
            Ok(pieces) => self.shipped += pieces,
            Err(error) => self.failed.push((order.id, error.to_string())),
        }
        if self.shipped == before {
            ctx.sleep(secs(5)).await?;
        }
        Ok(())
    }

    async fn first_large(&mut self, ctx: &Ctx) -> Result<u32> {
        // The loop ends with the await, so nothing is borrowed during it.
        for order in &self.orders {
            if order.pieces > 100 {
                let pieces = order.pieces;
                ctx.sleep(secs(1)).await?;
                return Ok(pieces);
            }
        }
        for order in self.orders.iter_mut() {
            order.pieces += 1;
            if order.pieces > 10 {
                let id = order.id.clone();
                ship::call(ctx, id, 1).await?;
                break;
            }
        }
        // A pattern that reads nothing borrows nothing.
        Ok(match self.counts {
            (_, _) if ctx.sleep(secs(1)).await.is_ok() => 1,
            _ => 0,
        })
    }

    fn drain(&mut self) -> Vec<u64> {
        self.plan.drain()
    }

    /// Loops that borrow nothing from the state.
    async fn follow(&mut self, ctx: &Ctx) -> Result<()> {
        for day in self.plan.drain() {
            ctx.sleep(days(day)).await?;
        }
        for day in self.drain() {
            ctx.sleep(days(day)).await?;
        }
        for second in &self.steps[1..] {
            ctx.sleep(secs(*second)).await?;
        }
        Ok(())
    }

    /// Loops that end with the await.
    #[allow(clippy::never_loop)]
    async fn fail(&mut self, ctx: &Ctx) -> Result<()> {
        if self.shipped > 7 {
            for _ in &self.orders {
                ctx.sleep(secs(1)).await?;
                never()
            }
        }
        for _ in &self.orders {
            ctx.sleep(secs(1)).await?;
            error!(Ok(()));
        }
        Ok(())
    }

    #[signal]
    fn order(&mut self, order: Order) {
        self.orders.push_back(order);
    }

    #[signal]
    fn restock(&mut self, items: BTreeMap<String, u32>) {
        for (item, pieces) in items {
            *self.stock.entry(item).or_default() += pieces;
        }
    }

    #[query]
    fn failed(&self) -> Vec<(String, String)> {
        self.failed.clone()
    }
}

fn main() {
    let mut warehouse = Warehouse::default();
    warehouse.restock(BTreeMap::from([("tea".to_owned(), 3)]));
    assert!(warehouse.failed().is_empty());
}
