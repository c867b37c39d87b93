//! `start_workflow`, as other SDKs have it.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<Vec<String>> {
        ctx.wait_until(|| !self.names.is_empty()).await?;
        self.names.push(greeting);
        Ok(self.names.clone())
    }

    #[signal]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }
}

async fn go(client: &Client) -> Result<()> {
    client.start_workflow("Greeting", "Hello").await?;
    Ok(())
}

fn main() {}
