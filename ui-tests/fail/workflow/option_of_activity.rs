//! A timeout of activities on `#[workflow]`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow(start_to_close = "10s")]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}
