//! An activity that takes its argument apart.

use durably::prelude::*;

#[activity]
async fn add((a, b): (u64, u64)) -> u64 {
    a + b
}

fn main() {}
