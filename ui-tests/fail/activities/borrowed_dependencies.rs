//! Activities of a type that borrows.

use durably::prelude::*;

struct Shop<'a> {
    name: &'a str,
}

#[activities]
impl Shop<'_> {
    #[activity(start_to_close = "10s")]
    async fn pay(&self, cents: u64) -> usize {
        self.name.len()
    }
}

fn main() {}
