//! An activity whose `Result` has another name.

use durably::prelude::*;

type Outcome<T> = durably::Result<T>;

#[activity]
async fn greet(name: String) -> Outcome<String> {
    Ok(name)
}

fn main() {}
