//! `#[activities]` on the struct.

use durably::prelude::*;

#[activities]
struct Shop;

fn main() {}
