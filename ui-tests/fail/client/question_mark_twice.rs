//! A second `?` for an update's own result.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<String> {
        ctx.sleep(secs(1)).await?;
        Ok(greeting)
    }

    #[signal]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }

    #[update]
    fn rename(&mut self, from: String, to: String) -> Result<u64> {
        self.names.retain(|name| *name != from);
        self.names.push(to);
        Ok(1)
    }

    #[query]
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }
}

async fn go(client: &Client) -> Result<()> {
    let count: u64 = Greeting::handle(client, "x").rename("a", "b").await??;
    println!("{count}");
    Ok(())
}

fn main() {}
