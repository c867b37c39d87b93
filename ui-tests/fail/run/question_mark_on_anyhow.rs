//! `?` on an `anyhow::Error`.

use durably::prelude::*;

fn count(names: &[String]) -> anyhow::Result<usize> {
    Ok(names.len())
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
        self.n = count(&self.names)?;
        Ok(())
    }
}

fn main() {}
