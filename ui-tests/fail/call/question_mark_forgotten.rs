//! A call's result used without `?`.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let name: String = greet::call(ctx, "Bob").await;
        self.names.push(name);
        Ok(())
    }
}

fn main() {}
