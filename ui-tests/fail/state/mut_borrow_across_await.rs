//! A mutable reference into the state kept across an await.

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
        let names = &mut self.names;
        names.push("a".into());
        ctx.sleep(secs(1)).await?;
        names.push("b".into());
        Ok(())
    }
}

fn main() {}
