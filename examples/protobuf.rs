//! Protobuf messages as arguments and results: no wrapper, no conversion. What prost-build makes of a
//! `.proto` file is written out here; with `Config::enable_type_names()` it has `prost::Name`.
//!
//! `cargo run --example protobuf`

use durably::prelude::*;

/// `message Order { string id = 1; repeated Line lines = 2; }`
#[derive(Clone, PartialEq, prost::Message)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, repeated, tag = "2")]
    lines: Vec<Line>,
}

/// `message Line { string item = 1; uint32 count = 2; uint64 cents = 3; }`
#[derive(Clone, PartialEq, prost::Message)]
struct Line {
    #[prost(string, tag = "1")]
    item: String,
    #[prost(uint32, tag = "2")]
    count: u32,
    #[prost(uint64, tag = "3")]
    cents: u64,
}

/// `message Quote { string order_id = 1; uint64 cents = 2; }`
#[derive(Clone, PartialEq, prost::Message)]
struct Quote {
    #[prost(string, tag = "1")]
    order_id: String,
    #[prost(uint64, tag = "2")]
    cents: u64,
}

macro_rules! named {
    ($($message:ident)*) => { $(
        impl prost::Name for $message {
            const PACKAGE: &'static str = "shop.v1";
            const NAME: &'static str = stringify!($message);
        }
    )* };
}
named! { Order Line Quote }

/// Adds up the lines of an order.
#[activity(start_to_close = "10s")]
async fn price(order: Order) -> Quote {
    let cents = order
        .lines
        .iter()
        .map(|line| u64::from(line.count) * line.cents)
        .sum();
    Quote {
        order_id: order.id,
        cents,
    }
}

/// An order that may grow until it is quoted.
#[derive(Default)]
struct Quotation {
    order: Order,
    complete: bool,
}

#[workflow(task_queue = "quotes")]
impl Quotation {
    #[run]
    async fn run(&mut self, ctx: &Ctx, order: Order) -> Result<Quote> {
        self.order.id = order.id;
        self.order.lines.extend(order.lines);
        ctx.wait_until(|| self.complete).await?;
        Ok(price::call(ctx, self.order.clone()).await?)
    }

    #[signal]
    fn add(&mut self, lines: Vec<Line>) {
        self.order.lines.extend(lines);
    }

    #[update]
    fn complete(&mut self, voucher: Option<Line>) -> Order {
        self.order.lines.extend(voucher);
        self.complete = true;
        self.order.clone()
    }
}

fn line(item: &str, count: u32, cents: u64) -> Line {
    Line {
        item: item.to_owned(),
        count,
        cents,
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "quotes")
        .workflow::<Quotation>()
        .activity::<price>()
        .spawn()
        .await?;

    let order = Order {
        id: "o-1".to_owned(),
        lines: vec![line("tea", 2, 350)],
    };
    let quotation = Quotation::start(&client, order).await?;
    quotation.add(vec![line("cup", 1, 900)]).await?;
    let order = quotation.complete(None).await?;
    let quote = quotation.result().await?;
    println!(
        "order {} of {} lines: {} cents",
        quote.order_id,
        order.lines.len(),
        quote.cents
    );
    assert_eq!(quote.cents, 1600);
    worker.shutdown().await
}
