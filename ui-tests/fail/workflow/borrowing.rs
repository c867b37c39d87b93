//! A workflow that borrows.

use durably::prelude::*;

struct Greeting<'a> {
    name: &'a str,
}

#[workflow]
impl<'a> Greeting<'a> {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}
