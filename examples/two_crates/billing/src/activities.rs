//! The activities of billing.

use durably::prelude::*;

/// One line of an invoice.
#[durably::data]
#[derive(Clone, Debug)]
pub struct Position {
    /// The item or service.
    pub what: String,
    /// Its price.
    pub cents: u64,
}

/// Returns the sum of the positions.
#[activity(start_to_close = "10s")]
pub async fn total(positions: Vec<Position>) -> u64 {
    positions.iter().map(|position| position.cents).sum()
}

/// Sends letters.
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
