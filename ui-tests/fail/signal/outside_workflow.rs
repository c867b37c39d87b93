use durably::prelude::*;

struct Greeting;

impl Greeting {
    #[signal]
    fn submit(&mut self) {}
}

fn main() {}
