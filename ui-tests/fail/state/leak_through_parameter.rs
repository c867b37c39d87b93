//! A reference into the state that leaves through a parameter.

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

    async fn helper<'a>(&'a self, ctx: &Ctx, out: &mut Vec<&'a String>) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        out.extend(self.names.iter());
        Ok(())
    }
}

fn main() {}
