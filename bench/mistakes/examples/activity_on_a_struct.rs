//! `#[activity]` on a struct.
use bench_mistakes::*;

#[activity]
pub struct Pay;

fn main() {}
