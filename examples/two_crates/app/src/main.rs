//! A program that runs the workflows of a library, and workflows that the library's macro generates. It
//! depends on `billing` alone.
//!
//! `cargo run -p durably-example-app`

use billing::{
    TASK_QUEUE,
    activities::{Mailbox, Position},
    durably::{Client, Result},
    workflows::Invoice,
};

/// Refunds above a limit, decided by a person.
mod refunds {
    billing::approval!("refund" of u64);
}

#[billing::durably::main(crate = billing::durably)]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let mailbox = Mailbox {
        sender: "The Shop".to_owned(),
    };
    let worker = billing::worker(&client, TASK_QUEUE, mailbox)
        .workflow::<refunds::Approval>()
        .activity::<refunds::announce>()
        .activities(refunds::Board)
        .spawn()
        .await?;

    let positions = vec![Position {
        what: "a ring".to_owned(),
        cents: 4_900,
    }];
    let invoice = Invoice::start(&client, "Bob", positions)
        .task_queue(TASK_QUEUE)
        .await?;
    invoice.pay(4_900).await?;
    println!("{}", invoice.result().await?);

    let refund = refunds::Approval::start(&client, 4_900)
        .task_queue(TASK_QUEUE)
        .await?;
    refund.decide(true).await?;
    println!("{}", refund.result().await?);

    worker.shutdown().await
}
