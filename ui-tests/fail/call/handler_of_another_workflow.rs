//! A handler of another workflow called on a handle.

use durably::prelude::*;

#[derive(Default)]
struct Other;

#[workflow]
impl Other {
    #[run]
    async fn run(&mut self) {}

    #[signal]
    fn poke(&mut self) {}
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
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    #[signal]
    fn submit_greeting(&mut self, name: String) {
        self.names.push(name);
    }
}

pub async fn client(handle: Handle<Greeting>) -> Result<()> {
    handle.poke().await?;
    Ok(())
}

fn main() {}
