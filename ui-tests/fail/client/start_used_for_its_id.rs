//! The id of a start that is not awaited.

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
    let handle = Greeting::start(client, "Hello").task_queue("q");
    println!("{}", handle.run_id().unwrap_or_default());
    Ok(())
}

fn main() {}
