//! A loop over a field that awaits inside.

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
        for name in &self.names {
            ctx.sleep(secs(name.len() as u64)).await?;
        }
        Ok(())
    }
}

fn main() {}
