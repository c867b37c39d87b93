//! Billing as a library: workflows and activities that other crates register, start and extend.
//!
//! `cargo run -p durably-example-app` runs a program that depends on this crate alone.

pub mod activities;
mod approval;
pub mod workflows;

pub use durably;
use durably::{Client, Worker};

/// The task queue that a worker of this crate polls.
pub const TASK_QUEUE: &str = "billing";

/// A worker with the workflows and activities of this crate; the caller adds its own.
pub fn worker(client: &Client, queue: &str, mailbox: activities::Mailbox) -> Worker {
    Worker::new(client, queue)
        .workflow::<workflows::Invoice>()
        .activity::<activities::total>()
        .activities(mailbox)
}
