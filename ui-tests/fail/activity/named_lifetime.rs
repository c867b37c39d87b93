//! An activity that borrows for a lifetime it names.

use durably::prelude::*;

#[activity]
async fn greet<'a>(name: &'a str) -> String {
    name.to_owned()
}

fn main() {}
