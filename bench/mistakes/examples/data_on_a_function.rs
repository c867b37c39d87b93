//! A function as a payload.
use bench_mistakes::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub fn order() {}

fn main() {}
