//! `#[workflow]` on a module.

use durably::prelude::*;

#[workflow]
mod greeting {
    struct Greeting;
}

fn main() {}
