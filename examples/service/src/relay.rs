//! Starts the workflows of the orders in the outbox.

use std::time::Duration;

use durably::{
    client::{IdConflictPolicy, IdReusePolicy},
    error::StartError,
    prelude::*,
};

use crate::{
    orders::Checkout,
    store::{Order, Store},
};

/// The pause between two looks into the outbox.
const PAUSE: Duration = millis(100);

/// Starts workflows until the future is dropped. A server that is unreachable leaves the orders in the outbox.
pub async fn run(client: &Client, store: &Store) {
    loop {
        if let Err(error) = start_all(client, store).await {
            eprintln!("workflows are started later: {error}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn start_all(client: &Client, store: &Store) -> Result<()> {
    for order in store.in_outbox().await? {
        start(client, &order).await?;
        // A process that ends here starts the workflow again, which is the one that it has started already.
        store.started(&order.id).await?;
    }
    Ok(())
}

async fn start(client: &Client, order: &Order) -> Result<()> {
    let start = Checkout::start(client, order.clone()).id(workflow_id(&order.id));
    let started = start
        .id_conflict_policy(IdConflictPolicy::UseExisting)
        .id_reuse_policy(IdReusePolicy::RejectDuplicate)
        .await;
    match started {
        Ok(_) => Ok(()),
        // It has completed already.
        Err(StartError::AlreadyStarted(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The workflow of an order.
pub fn workflow_id(order_id: &str) -> String {
    format!("order-{order_id}")
}
