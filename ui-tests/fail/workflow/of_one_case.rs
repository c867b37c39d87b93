//! A workflow for one case of a generic type.

use durably::prelude::*;

#[derive(Default)]
struct Greeting<T> {
    name: T,
}

#[workflow]
impl Greeting<String> {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}
