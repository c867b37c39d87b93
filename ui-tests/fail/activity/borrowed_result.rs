//! An activity that gives something borrowed.

use durably::prelude::*;

#[activity]
async fn motto() -> &'static str {
    "slow and steady"
}

fn main() {}
