//! A lock in the state, which one piece of code at a time uses anyway.
use durably::prelude::*;

#[workflow]
#[derive(Default)]
struct Greeting {
    names: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
}

fn main() {}
