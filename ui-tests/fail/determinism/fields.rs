//! A hash-ordered map in a field of a workflow.

use durably::prelude::*;

#[workflow]
#[derive(Default)]
struct Greeting {
    names: std::collections::HashMap<String, u32>,
}

fn main() {}
