//! An update that returns a `Result` under another name.

use durably::prelude::*;

type Answer = Result<String>;

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

    #[update]
    fn answer(&mut self) -> Answer {
        Ok("x".into())
    }
}

fn main() {}
