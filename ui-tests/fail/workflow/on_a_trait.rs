//! `#[workflow]` on a trait.

use durably::prelude::*;

#[workflow]
trait Greeting {
    #[run]
    async fn run(&mut self);
}

fn main() {}
