//! Handlers in a `#[workflow]` block of another module.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

mod more {
    use durably::prelude::*;

    #[workflow]
    impl super::Greeting {
        #[query]
        fn count(&self) -> usize {
            1
        }
    }
}

fn main() {}
