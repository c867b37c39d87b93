//! A handler with the name of a helper.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    fn submit(&self) {}

    #[signal]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }
}

fn main() {}
