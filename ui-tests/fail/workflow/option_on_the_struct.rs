//! A workflow's name on its struct.

use durably::prelude::*;

#[workflow(name = "greeting")]
#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}
