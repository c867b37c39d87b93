//! An unsafe activity.

use durably::prelude::*;

#[activity]
async unsafe fn poke(address: u64) -> u64 {
    address
}

fn main() {}
