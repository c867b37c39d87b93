//! Fields taken apart before an await.

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
        let Self { names, n } = self;
        ctx.sleep(secs(1)).await?;
        names.push(n.to_string());
        Ok(())
    }
}

fn main() {}
