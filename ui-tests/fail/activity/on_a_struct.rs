//! `#[activity]` on a struct.

use durably::prelude::*;

#[activity]
struct Pay;

fn main() {}
