//! A field borrowed mutably while an argument awaits.

use durably::prelude::*;

#[activity]
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
        if let Some(last) = self.names.last_mut() {
            last.push_str(&greet::call(ctx, "Bob").start_to_close(secs(1)).await?);
        }
        Ok(())
    }
}

fn main() {}
