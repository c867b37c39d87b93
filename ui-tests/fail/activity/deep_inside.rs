//! A type without serde deep inside an activity's argument.

use durably::prelude::*;

struct Money;

#[activity]
async fn pay(parts: Vec<Option<(String, Money)>>) -> usize {
    parts.len()
}

fn main() {}
