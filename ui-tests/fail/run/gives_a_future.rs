//! A `#[run]` method that returns a future.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    fn run(&mut self) -> impl Future<Output = Result<()>> {
        async { Ok(()) }
    }
}

fn main() {}
