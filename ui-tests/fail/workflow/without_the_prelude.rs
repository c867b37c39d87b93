//! The attribute imported without the rest of the prelude.

use durably::workflow;

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
