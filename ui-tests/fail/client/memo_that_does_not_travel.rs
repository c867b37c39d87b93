//! A memo of a type without serde.

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
    struct Note;
    Greeting::start(client, "Hello")
        .task_queue("q")
        .memo("note", Note)
        .await?;
    Ok(())
}

fn main() {}
