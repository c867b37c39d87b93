//! `#[workflow]` on a trait impl.

use durably::prelude::*;

#[derive(Default)]
struct Greeting;

trait Runs {
    fn runs(&self);
}

#[workflow]
impl Runs for Greeting {
    fn runs(&self) {}
}

fn main() {}
