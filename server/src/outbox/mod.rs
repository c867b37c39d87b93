//! The outbox: delivers what runs do for other executions, and what schedules do, after the commit that
//! says so is durable.
//!
//! A message is part of its sender's state until it is delivered:
//!
//! ```text
//!   commit of the sender --> apply to the target --> wait until that is durable --> answer to the sender
//!   (adds the message)       (idempotent)                                           (removes the message)
//! ```
//!
//! So a message is delivered at least once, and takes effect once: a start and a signal have a request
//! id, which is looked up in the earlier runs of a target that has continued as new; a child's end is
//! recorded with its removal; all else changes nothing when it is repeated. The first attempts of one
//! workflow's messages are made in the order of its commits, one after another; those of different
//! workflows are made side by side, on a few lanes, so that a target that is slow to read delays only
//! the senders of its lane. A delivery that fails is repeated after a delay, while others are made: then
//! two signals to one target may arrive in another order. Only one execution is locked at a time.

mod action;
mod deliver;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use durably_history::Delivered;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::action::Performed;
use self::deliver::Attempt;
use crate::backend::Backend;
use crate::backend::outage::Turn;
use crate::error::{Error, StoreError};
use crate::name::{ActionName, Delivery, MessageName};

/// Delivers messages until the server stops. What is not delivered then is stored, and is delivered
/// after the next start.
pub(crate) async fn run(
    backend: Arc<Backend>,
    mut due: mpsc::UnboundedReceiver<Delivery>,
    mut stop: watch::Receiver<bool>,
) {
    let mut tasks = JoinSet::new();
    let lanes: Vec<_> = (0..LANES)
        .map(|_| {
            let (lane, due) = mpsc::unbounded_channel();
            tasks.spawn(run_lane(Arc::clone(&backend), due));
            lane
        })
        .collect();
    loop {
        tokio::select! {
            biased;
            _ = stop.changed() => break,
            // The backend keeps the sender.
            Some(delivery) = due.recv() => {
                let lane = match &delivery {
                    Delivery::Message(name) => lane_of(&name.run.execution),
                    Delivery::Action(name) => lane_of(&name.schedule),
                };
                // A lane ends with this task.
                let _ = lanes[lane].send(delivery);
            }
        }
    }
    // A delivery may be in the middle of an attempt.
    tasks.shutdown().await;
}

/// The lane of a sender's messages: those of all its runs keep their order. The same in every process,
/// because simulations repeat what they did.
pub(crate) fn lane_of(sender: &impl Hash) -> usize {
    let mut hasher = DefaultHasher::new();
    sender.hash(&mut hasher);
    let lanes = u64::try_from(LANES).expect("a small number");
    usize::try_from(hasher.finish() % lanes).expect("less than the number of lanes")
}

/// Delivers the messages and actions of some of the senders.
async fn run_lane(backend: Arc<Backend>, mut due: mpsc::UnboundedReceiver<Delivery>) {
    let backend = &*backend;
    let mut deliveries = FuturesUnordered::new();
    // The recovery of a sender sends messages again whose deliveries have not ended.
    let mut in_delivery = HashSet::new();
    loop {
        tokio::select! {
            biased;
            // First, so that new messages do not delay those that are in delivery.
            Some(delivery) = deliveries.next() => {
                in_delivery.remove(&delivery);
            }
            delivery = due.recv() => {
                let Some(delivery) = delivery else { return };
                if in_delivery.insert(delivery.clone()) {
                    // In the order of the messages; the answers come in any order.
                    let first = attempt(backend, &delivery);
                    deliveries.push(complete(backend, delivery, first));
                }
            }
        }
    }
}

/// Completes a delivery whose first attempt was made, and repeats it until it succeeds.
async fn complete<'a>(
    backend: &'a Backend,
    delivery: Delivery,
    first: Result<Step<'a>, Error>,
) -> Delivery {
    let mut step = first;
    let mut turn = None;
    let mut next_delay = FIRST_DELAY;
    loop {
        // A bug that one message shows must not stop the delivery of all others.
        let settled = AssertUnwindSafe(settle(backend, step)).catch_unwind();
        let settled = settled.await;
        let delay = match settled.unwrap_or_else(|_| Err(StoreError::panicked().into())) {
            Ok(Settled::Done) => return delivery,
            // Not longer from attempt to attempt: what it waits for is no failure.
            Ok(Settled::Waits) => FIRST_DELAY,
            Err(_) if backend.is_stopping() => return delivery,
            Err(error) => {
                // Before the turn ends, which begins an outage without a line in the log.
                report(backend, &delivery, &error, next_delay);
                if let (Some(turn), Error::Store(StoreError::Failed(_))) = (turn.take(), &error) {
                    Turn::failed(turn);
                }
                let longer = (next_delay * 2).min(LONGEST_DELAY);
                std::mem::replace(&mut next_delay, longer)
            }
        };
        // Somebody else may make an attempt meanwhile.
        drop(turn.take());
        tokio::time::sleep(delay).await;
        turn = Some(backend.outage.turn().await);
        step = attempt(backend, &delivery);
    }
}

/// How an attempt ended.
enum Settled {
    /// The answer is durable, or there is nothing to deliver.
    Done,
    /// The attempt is to be repeated.
    Waits,
}

/// An attempt that did not fail.
enum Step<'a> {
    Message(MessageName, Attempt<'a>),
    Action(ActionName, Performed<'a>),
}

fn attempt<'a>(backend: &'a Backend, delivery: &Delivery) -> Result<Step<'a>, Error> {
    Ok(match delivery.clone() {
        Delivery::Message(name) => {
            let attempt = deliver::attempt(backend, &name)?;
            Step::Message(name, attempt)
        }
        Delivery::Action(name) => {
            let performed = action::perform(backend, &name)?;
            Step::Action(name, performed)
        }
    })
}

async fn settle(backend: &Backend, step: Result<Step<'_>, Error>) -> Result<Settled, Error> {
    match step? {
        Step::Message(_, Attempt::Void) | Step::Action(_, Performed::Void) => Ok(Settled::Done),
        Step::Message(_, Attempt::Waits) => Ok(Settled::Waits),
        Step::Message(name, Attempt::Applied { scope, answer }) => {
            scope.settle().await?;
            // The sender may have continued as new, and a recovery may not find the message again.
            deliver::answer(backend, &name, answer)?.settle().await?;
            Ok(Settled::Done)
        }
        Step::Message(name, Attempt::Report { schedule, closed }) => {
            backend.report_to_schedule(&schedule, *closed).await?;
            let done = Delivered::Done(name.key);
            deliver::answer(backend, &name, done)?.settle().await?;
            Ok(Settled::Done)
        }
        Step::Action(name, Performed::Done { scope, result }) => {
            scope.settle().await?;
            backend.finish_action(&name, result).await?;
            Ok(Settled::Done)
        }
    }
}

fn report(backend: &Backend, delivery: &Delivery, error: &Error, delay: Duration) {
    let MessageName { run, key } = match delivery {
        Delivery::Message(name) => name,
        Delivery::Action(ActionName { schedule, action }) => {
            let is_outage = matches!(error, Error::Store(StoreError::Failed(_)));
            if is_outage && !backend.outage.begin() {
                tracing::debug!(
                    schedule_id = %schedule.id,
                    action = action.0,
                    ?delay,
                    "an action of a schedule is repeated after a delay, because the store fails"
                );
                return;
            }
            tracing::warn!(
                namespace = %schedule.namespace,
                schedule_id = %schedule.id,
                action = action.0,
                ?error,
                ?delay,
                "an action of a schedule failed; it is repeated after a delay"
            );
            return;
        }
    };
    if let Error::Rejected(_) | Error::Invalid(_) = error {
        tracing::error!(
            namespace = %run.execution.namespace,
            workflow_id = %run.execution.workflow_id,
            run_id = %run.run_id,
            kind = ?key.kind,
            event = %key.event,
            ?error,
            ?delay,
            "a message to another workflow was refused, which is a bug of the server; it is repeated after a delay"
        );
        return;
    }
    if let Error::Store(StoreError::Failed(_)) = error {
        // The failure of the store was logged once, and thousands of messages may meet it.
        tracing::debug!(
            workflow_id = %run.execution.workflow_id,
            kind = ?key.kind,
            event = %key.event,
            ?delay,
            "a message to another workflow is repeated after a delay, because the store fails"
        );
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

/// How many messages are applied to their targets at the same time.
const LANES: usize = 16;
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
