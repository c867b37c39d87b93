//! A `#[run]` method under a `cfg`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[cfg(unix)]
    #[run]
    async fn run(&mut self) {}
}

fn main() {}
