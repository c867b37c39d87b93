//! A service of two crates: the workflows of a library, and those that its macro writes for its user.

use billing::{
    activities::{Mailbox, Position},
    workflows::Invoice,
};
use durably::{Handle, Result};
use durably_tests::{World, on_both_servers};

/// Two kinds of things to approve, so two expansions of one macro of another crate.
mod refunds {
    billing::approval!("refund" of u64);
}
mod discounts {
    billing::approval!("discount" of String);
}

on_both_servers! {
    the_workflows_of_a_library_run_in_another_crate
    a_macro_of_a_library_writes_workflows_into_another_crate
}

async fn the_workflows_of_a_library_run_in_another_crate(world: &World) -> Result<()> {
    let mailbox = Mailbox {
        sender: "Shop".to_owned(),
    };
    let worker = billing::worker(&world.client, &world.queue, mailbox);
    let worker = worker.spawn().await?;
    let positions = [1_000, 234].map(|cents| Position {
        what: "ring".to_owned(),
        cents,
    });
    let invoice = Invoice::start(&world.client, "Bob", positions.to_vec())
        .task_queue(&world.queue)
        .await?;
    assert_eq!(invoice.pay(1_000).await?, 1_000);
    assert!(invoice.pay(0).await.is_err());
    assert_eq!(invoice.paid().await?, 1_000);
    let same: Handle<Invoice> = Invoice::handle(&world.client, invoice.id());
    assert_eq!(same.pay(234).await?, 1_234);
    assert_eq!(invoice.result().await?, "Shop to Bob: 1234 cents");
    worker.shutdown().await
}

async fn a_macro_of_a_library_writes_workflows_into_another_crate(world: &World) -> Result<()> {
    // Both kinds have a workflow `Approval` and activities of one name: a worker, and a queue, each.
    let queue = format!("{}-discounts", world.queue);
    let worker = world
        .worker()
        .workflow::<refunds::Approval>()
        .activity::<refunds::announce>()
        .activities(refunds::Board)
        .spawn()
        .await?;
    let of_discounts = durably::Worker::new(&world.client, &queue)
        .workflow::<discounts::Approval>()
        .activity::<discounts::announce>()
        .activities(discounts::Board)
        .spawn()
        .await?;

    let refund = refunds::Approval::start(&world.client, 4_900)
        .task_queue(&world.queue)
        .await?;
    assert!(!refund.is_decided().await?);
    assert_eq!(refund.reopen("a mistake").await?, None);
    assert!(refund.reopen("").await.is_err());
    refund.decide(false).await?;
    assert_eq!(refund.result().await?, "refund: 4900 is refused");

    let discount = discounts::Approval::start(&world.client, "ten percent".to_owned())
        .task_queue(&queue)
        .await?;
    discount.decide(true).await?;
    let announced = discount.result().await?;
    assert_eq!(announced, "discount: \"ten percent\" is approved");
    of_discounts.shutdown().await?;
    worker.shutdown().await
}
