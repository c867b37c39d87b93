//! `#[workflow]` on the struct alone.

use durably::prelude::*;

#[workflow]
#[derive(Default)]
struct Greeting;

impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}
