//! `self` under another name across an await.

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
        let this = &mut *self;
        ctx.sleep(secs(1)).await?;
        this.n += 1;
        Ok(())
    }
}

fn main() {}
