//! An activity with a const parameter.

use durably::prelude::*;

#[activity]
async fn sum<const N: usize>(numbers: Vec<u64>) -> u64 {
    numbers.iter().take(N).sum()
}

fn main() {}
