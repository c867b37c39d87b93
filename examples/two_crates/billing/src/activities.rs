//! What billing does in the world.

use durably::prelude::*;

/// One line of an invoice.
#[durably::data]
#[derive(Clone, Debug)]
pub struct Position {
    /// What was sold.
    pub what: String,
    /// What it costs.
    pub cents: u64,
}

/// Adds up what is to be paid.
#[activity(start_to_close = "10s")]
pub async fn total(positions: Vec<Position>) -> u64 {
    positions.iter().map(|position| position.cents).sum()
}

/// Where letters go.
#[derive(Clone, Debug, Default)]
pub struct Mailbox {
    /// The name on the letters.
    pub sender: String,
}

#[activities]
impl Mailbox {
    /// Sends a letter, and returns its first line.
    #[activity(start_to_close = "10s")]
    pub async fn send(&self, to: String, about: String) -> String {
        format!("{} to {to}: {about}", self.sender)
    }
}
