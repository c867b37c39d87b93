//! A run whose result is only named like a `Result`.

use durably::prelude::*;

#[durably::data]
struct SearchResult {
    hits: u64,
}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) -> SearchResult {
        SearchResult { hits: 1 }
    }
}

fn main() {}
