//! A reference into the state kept across an await of a `&self` helper.

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

    async fn reader(&self, ctx: &Ctx) -> Result<()> {
        let first = &self.names[0];
        ctx.sleep(secs(1)).await?;
        drop(format!("{first}"));
        Ok(())
    }
}

fn main() {}
