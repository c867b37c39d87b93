//! Shapes of workflow code: aliases of generic types, traits, other impl blocks, hash-ordered containers.
#![deny(warnings)]

use std::collections::{BTreeMap, HashMap};

use durably::{prelude::*, workflow::Sleep};

#[activity(start_to_close = "10s")]
async fn pack(item: String) -> String {
    item
}

/// A type with a parameter is a workflow by its aliases.
#[derive(Default)]
pub struct Batch<T> {
    items: Vec<T>,
}

pub type TextBatch = Batch<String>;
pub type NumberBatch = Batch<u64>;

impl<T: Clone> Batch<T> {
    fn newest(&self) -> Option<T> {
        self.items.last().cloned()
    }
}

#[workflow(name = "TextBatch")]
impl TextBatch {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Option<String>> {
        ctx.wait_until(|| !self.items.is_empty()).await?;
        Ok(self.newest())
    }

    #[signal]
    fn add(&mut self, item: String) {
        self.items.push(item);
    }
}

#[workflow(name = "NumberBatch")]
impl NumberBatch {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Option<u64>> {
        ctx.wait_until(|| !self.items.is_empty()).await?;
        Ok(self.newest())
    }

    #[signal]
    fn add(&mut self, item: u64) {
        self.items.push(item);
    }
}

/// Names that a macro could choose are the user's.
pub struct OrderMethods;
pub struct OrderStub;

trait Fills {
    async fn fill(&mut self, ctx: &Ctx, item: &str) -> Result<()>;
}

trait Pauses {
    fn pause(&self, ctx: &Ctx) -> Sleep;
}

#[derive(Default)]
struct Cart {
    packed: Vec<String>,
}

impl Fills for Cart {
    async fn fill(&mut self, ctx: &Ctx, item: &str) -> Result<()> {
        self.packed.push(pack::call(ctx, item).await?);
        Ok(())
    }
}

#[derive(Default)]
struct Order {
    cart: Cart,
    by_name: HashMap<String, u32>,
    in_order: BTreeMap<String, u32>,
    hashed: durably::HashMap<String, u32>,
}

impl Order {
    /// Borrows nothing: the call is awaited where it is made.
    fn call(&self, ctx: &Ctx) -> Sleep {
        ctx.sleep(secs(self.cart.packed.len() as u64))
    }
}

impl Pauses for Order {
    fn pause(&self, ctx: &Ctx) -> Sleep {
        ctx.sleep(secs(1))
    }
}

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        // An async method of a part of the state runs on the part, moved out.
        let mut cart = std::mem::take(&mut self.cart);
        cart.fill(ctx, "lamp").await?;
        self.cart = cart;
        self.call(ctx).await?;
        self.pause(ctx).await?;
        let later = self.later(ctx);
        later.await?;
        self.by_name.insert("lamp".to_owned(), 1);
        let mut total = 0;
        for count in self.in_order.values().chain(self.hashed.values()) {
            total += count;
        }
        #[allow_nondeterminism(reason = "a sum has no order")]
        for count in self.by_name.values() {
            total += count;
        }
        Ok(total + self.largest())
    }

    async fn later(&self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.sleep(secs(1)).await?)
    }

    #[allow_nondeterminism(reason = "the largest one is the same in each order")]
    fn largest(&self) -> u32 {
        self.by_name.values().copied().max().unwrap_or_default()
    }

    #[query]
    fn count_of(&self, name: String) -> Option<u32> {
        self.by_name.get(&name).copied()
    }
}

fn main() {
    let _ = (OrderMethods, OrderStub);
}
