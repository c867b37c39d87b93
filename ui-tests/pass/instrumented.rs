//! `#[tracing::instrument]` on everything that it can stand on, before and after the other attributes.
#![deny(warnings)]

use durably::prelude::*;
use tracing::instrument;

#[derive(Clone, Debug, Default)]
struct Order {
    id: String,
    items: Vec<String>,
}

#[activity(start_to_close = "1s")]
#[instrument(skip(name), fields(length = name.len()), err, ret)]
async fn greet(name: String) -> Result<String> {
    Ok(name)
}

#[instrument(skip_all)]
#[activity(start_to_close = "1s")]
async fn part(ctx: &ActivityCtx, name: String) -> String {
    ctx.heartbeat(1);
    name
}

#[derive(Debug)]
struct Shop {
    name: String,
}

#[activities]
impl Shop {
    #[activity(start_to_close = "1s")]
    #[instrument(skip(self), fields(shop = %self.name))]
    async fn save(&self, item: String) -> Result<()> {
        tracing::info!(item);
        Ok(())
    }

    #[tracing::instrument(skip_all, err(Debug))]
    #[activity(start_to_close = "1s")]
    async fn load(&self, ctx: &ActivityCtx) -> Result<String> {
        Ok(format!("{} {}", self.name, ctx.attempt()))
    }
}

#[derive(Debug, Default)]
struct Instrumented {
    order: Order,
    n: u64,
    done: bool,
}

#[workflow]
impl Instrumented {
    #[run]
    #[tracing::instrument(skip(self, ctx))]
    async fn run(&mut self, ctx: &Ctx, order: Order2) -> Result<u64> {
        self.order.id = order.id;
        ctx.wait_until(|| self.done).await?;
        let found = 'found: {
            if self.n > 0 {
                break 'found self.helper(ctx, 1).await?;
            }
            self.reader(ctx).await
        };
        self.order.items.push(greet::call(ctx, "Bob").await?);
        Ok(found)
    }

    #[tracing::instrument(name = "add", level = "debug", skip_all, fields(n = self.n, by), err)]
    #[signal]
    async fn add(&mut self, ctx: &Ctx, by: u64) -> Result<()> {
        ctx.sleep(secs(by)).await?;
        tracing::Span::current().record("by", by);
        self.n += by;
        Ok(())
    }

    #[update]
    #[instrument(
        skip(ctx),
        fields(
            id = self.order.id,
            text = self.order.id.as_str(),
            items = ?self.order.items,
            first = %self.order.items.first().map_or("none", |first| first),
            sum = self.n + self.order.items.len() as u64,
            constant = 7,
            order.by = by,
            done = self.done,
        ),
        ret(level = "debug"),
        err(Debug)
    )]
    async fn change(&mut self, ctx: &Ctx, by: u64) -> Result<u64> {
        self.add(ctx, by).await?;
        Ok(self.n)
    }

    #[instrument(skip(self, ctx), target = "orders", ret)]
    async fn helper<T: From<u8> + std::fmt::Debug>(&mut self, ctx: &Ctx, by: u8) -> Result<T> {
        ctx.sleep(secs(1)).await?;
        self.n += u64::from(by);
        Ok(T::from(by))
    }

    #[cfg_attr(not(any()), instrument(skip(self, ctx), fields(n = self.n)), allow(unused))]
    #[cfg_attr(any(), instrument(no_such_argument(self)))]
    async fn reader(&self, ctx: &Ctx) -> u64 {
        ctx.wait_until(|| self.n > 1).await.map_or(0, |()| self.n)
    }

    #[signal]
    #[instrument]
    fn finish(&mut self) {
        self.done = true;
    }

    #[instrument(skip(self), ret)]
    #[query]
    fn count(&self) -> u64 {
        self.n
    }

    #[update(validator = small)]
    #[instrument(fields(n = self.n))]
    fn set(&mut self, to: u64) -> u64 {
        std::mem::replace(&mut self.n, to)
    }

    #[instrument(skip_all, err)]
    fn small(&self, to: &u64) -> Result<()> {
        match *to {
            0..10 => Ok(()),
            _ => bail!("too many"),
        }
    }
}

#[durably::data]
#[derive(Debug)]
struct Order2 {
    id: String,
}

/// A helper outside of the block.
#[instrument(skip_all, fields(by))]
pub async fn outside(ctx: &Ctx, by: u64) -> Result<u64> {
    ctx.sleep(secs(by)).await?;
    Ok(by)
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "q")
        .workflow::<Instrumented>()
        .activity::<part>()
        .activities(Shop {
            name: String::new(),
        })
}

fn main() {}
