//! A `#[run]` method that returns `!`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> ! {
        loop {
            let _ = ctx.sleep(secs(1)).await;
        }
    }
}

fn main() {}
