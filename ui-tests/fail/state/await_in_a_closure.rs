//! An await in a plain closure.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        self.names.iter().for_each(|name| {
            let _ = greet::call(ctx, name).await;
        });
        Ok(())
    }
}

fn main() {}
