//! A timeout of runs on `#[workflow]`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow(run_timeout = "1h")]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}
