//! A method of a trait as an activity.

use durably::prelude::*;

trait Greeter {
    #[activity]
    async fn greet(&self, name: String) -> String;
}

fn main() {}
