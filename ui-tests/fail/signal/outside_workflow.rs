//! A signal in a block without `#[workflow]`.

use durably::prelude::*;

struct Greeting;

impl Greeting {
    #[signal]
    fn submit(&mut self) {}
}

fn main() {}
