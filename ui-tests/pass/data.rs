//! Payloads: structs, enums, generics, serde's attributes, types of other crates.
#![deny(warnings, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use durably::{Bytes, prelude::*};
use uuid::Uuid;

/// An order as a shop's frontend sends it.
#[durably::data]
#[derive(Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// Who made it.
    pub customer_id: u64,
    /// Item and number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub line_items: BTreeMap<String, u32>,
    #[serde(rename = "note")]
    pub(crate) comment: Option<String>,
}

/// What can happen to it.
#[durably::data]
#[derive(Clone, Debug, PartialEq)]
#[serde(tag = "type", content = "with")]
pub enum Event {
    /// At a time.
    Paid(Cents),
    /// In part.
    Shipped {
        /// Which items.
        items: BTreeSet<String>,
    },
    /// In full.
    Closed,
}

/// Money is no float.
#[durably::data]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub struct Cents(pub i64);

/// One page of anything.
#[durably::data]
#[derive(Clone, Debug)]
pub struct Page<T> {
    items: Vec<T>,
    next: Option<Box<Page<T>>>,
}

/// Derived by hand, without the attribute.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Label(String);

/// Keeps what happened to an order.
#[derive(Default)]
pub struct Log {
    order: Order,
    events: Vec<Event>,
}

#[workflow(task_queue = "orders")]
impl Log {
    /// Waits for the last event.
    #[run]
    async fn run(&mut self, ctx: &Ctx, order: Order, patience: Duration) -> Result<Page<Event>> {
        self.order = order;
        ctx.wait_until(|| self.events.last() == Some(&Event::Closed))
            .timeout(patience)
            .await?;
        let items = self.events.clone();
        Ok(Page { items, next: None })
    }

    /// Something happened.
    #[signal]
    fn happened(&mut self, event: Event, id: Uuid, scan: Bytes) {
        if !id.is_nil() && !scan.0.is_empty() {
            self.events.push(event);
        }
    }

    /// What was paid.
    #[query]
    fn paid(&self, labels: Vec<Label>) -> (Cents, Option<(u64, usize)>) {
        let cents = self.events.iter().map(|event| match event {
            Event::Paid(Cents(cents)) => *cents,
            Event::Shipped { .. } | Event::Closed => 0,
        });
        (
            Cents(cents.sum()),
            Some((self.order.customer_id, labels.len())),
        )
    }
}

fn main() {
    let event = Event::Paid(Cents(3));
    assert!(event != Event::Closed);
}

pub type Branches = Vec<Tree>;

#[durably::data]
pub struct Tree {
    branches: Branches,
    twin: Option<Box<Self>>,
    leaf: Option<Box<Leaf>>,
}

#[durably::data]
pub enum Leaf {
    Of(Tree),
    Bare {
        #[serde(skip)]
        seen: Option<std::time::Instant>,
        #[cfg(any())]
        gone: Unknown,
    },
}
