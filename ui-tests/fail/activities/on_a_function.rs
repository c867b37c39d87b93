//! `#[activities]` on a function.

use durably::prelude::*;

#[activities]
async fn save() {}

fn main() {}
