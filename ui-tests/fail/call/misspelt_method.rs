//! A misspelt handler.

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

    #[signal]
    fn submit_greeting(&mut self, name: String) {
        self.names.push(name);
    }
}

pub async fn client(handle: Handle<Greeting>) -> Result<()> {
    handle.submit_greting("Bob").await?;
    Ok(())
}

fn main() {}
