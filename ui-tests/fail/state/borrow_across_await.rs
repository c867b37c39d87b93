//! A reference into the state kept across an await.

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
        let first = &self.names[0];
        ctx.sleep(secs(1)).await?;
        drop(format!("{first}"));
        Ok(())
    }
}

fn main() {}
