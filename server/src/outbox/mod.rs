//! The outbox: delivers what runs do for other executions, after the commit that says so is durable.
//!
//! A message is part of its sender's state until it is delivered:
//!
//! ```text
//!   commit of the sender --> apply to the target --> wait until that is durable --> answer to the sender
//!   (adds the message)       (idempotent)                                           (removes the message)
//! ```
//!
//! So a message is delivered at least once, and its effect is there once: a start and a signal have a
//! request id, a child's end is recorded with its removal, all else changes nothing when it is
//! repeated. Messages of one run reach their targets in order; a delivery that fails is repeated
//! after a delay, and does not hold up the others. Only one execution is locked at a time.

mod deliver;

use std::sync::Arc;
use std::time::Duration;

use durably_history::Input;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use self::deliver::Attempt;
use crate::backend::Backend;
use crate::error::Error;
use crate::name::MessageName;

/// Delivers messages until the server stops. What is not delivered then is stored, and is delivered
/// after the next start.
pub(crate) async fn run(
    backend: Arc<Backend>,
    mut messages: mpsc::UnboundedReceiver<MessageName>,
    mut stop: watch::Receiver<bool>,
) {
    let backend = &*backend;
    let mut deliveries = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            // First, so that new messages do not hold up those that are on their way.
            Some(()) = deliveries.next() => {}
            // The backend keeps the sender.
            Some(name) = messages.recv() => {
                // In the order of the messages; the answers come in any order.
                let first = deliver::attempt(backend, &name);
                deliveries.push(complete(backend, name, first));
            }
        }
    }
}

/// Completes a delivery whose first attempt was made, and repeats it until it succeeds.
async fn complete(backend: &Backend, name: MessageName, first: Result<Attempt<'_>, Error>) {
    let mut attempt = first;
    let mut delay = FIRST_DELAY;
    loop {
        let completed = match attempt {
            Ok(Attempt::Void) => return,
            Ok(Attempt::Applied { scope, answer }) => match scope.settle().await {
                Ok(()) => deliver::answer(backend, &name, Input::Delivered(answer)),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        let Err(error) = completed else { return };
        if backend.is_stopping() {
            return;
        }
        report(&name, &error, delay);
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(LONGEST_DELAY);
        attempt = deliver::attempt(backend, &name);
    }
}

fn report(name: &MessageName, error: &Error, delay: Duration) {
    let MessageName { run, key } = name;
    // A target that closes takes the signal soon, or has closed.
    if let Error::Rejected(rejection) = error {
        tracing::debug!(run_id = %run.run_id, ?key, %rejection, "a message to another workflow waits");
        return;
    }
    tracing::warn!(
        namespace = %run.execution.namespace,
        workflow_id = %run.execution.workflow_id,
        run_id = %run.run_id,
        kind = ?key.kind,
        event = %key.event,
        ?error,
        ?delay,
        "a message to another workflow could not be delivered; it is repeated after a delay"
    );
}

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
