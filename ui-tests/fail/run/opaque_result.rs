//! A `#[run]` method that returns `impl Trait`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) -> impl Sized {
        self.n
    }
}

fn main() {}
