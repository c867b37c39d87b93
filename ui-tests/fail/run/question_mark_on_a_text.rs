//! `?` on an error that is a text.

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
        let first = self.names.first().ok_or("nobody")?;
        ctx.sleep(secs(first.len() as u64)).await?;
        Ok(())
    }
}

fn main() {}
