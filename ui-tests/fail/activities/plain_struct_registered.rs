//! A struct without activities registered as a set of them.

use durably::prelude::*;

struct Shop;

impl Shop {
    fn pay(&self, cents: u64) -> u64 {
        cents
    }
}

fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").activities(Shop)
}

fn main() {}
