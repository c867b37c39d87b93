//! A workflow whose history nobody can read without the key, with a value that is always encrypted.
//!
//! `cargo run -p durably-example-codecs --bin encryption`

use durably::{Client, data::Encrypted, prelude::*};
use durably_example_codecs::codecs;

#[durably::data]
#[derive(Clone)]
struct Card {
    number: String,
}

/// `Card` is encrypted also for a client without codecs, and is not shown by `Debug`.
#[activity(start_to_close = "10s")]
async fn charge(card: Encrypted<Card>, cents: u64) -> String {
    let number = &card.expose().number;
    format!(
        "{cents} cents from the card that ends in {}",
        &number[number.len() - 4..]
    )
}

#[derive(Default)]
struct Order;

#[workflow(task_queue = "orders")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, customer: String, card: Encrypted<Card>) -> Result<String> {
        let charged = charge::call(ctx, card, 4200).await?;
        Ok(format!("{customer} paid {charged}"))
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let without_key = Client::development().await?;
    let client = without_key.with_codecs(codecs());
    let worker = Worker::new(&client, "orders")
        .workflow::<Order>()
        .activity::<charge>();
    let worker = worker.spawn().await?;

    let card = Encrypted::new(Card {
        number: "4111111111111111".to_owned(),
    });
    let order = Order::start(&client, "Ann", card).await?;
    println!("{}", order.result().await?);

    match Order::handle(&without_key, order.id()).result().await {
        Ok(text) => println!("without the key: {text}"),
        Err(error) => println!("without the key: {error}"),
    }
    worker.shutdown().await
}
