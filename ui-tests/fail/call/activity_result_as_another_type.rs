//! An activity's result taken for another type.

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
        let length: usize = greet::call(ctx, "Bob").await?;
        ctx.sleep(millis(length as u64)).await?;
        Ok(())
    }

    #[signal]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }
}

fn main() {}
