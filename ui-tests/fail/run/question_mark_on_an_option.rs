//! `?` on an `Option`.

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
        let first = self.names.first()?;
        ctx.sleep(secs(first.len() as u64)).await?;
        Ok(())
    }
}

fn main() {}
