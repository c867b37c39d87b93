//! A query that returns a `Result` under another name.

use durably::prelude::*;

type Answer = std::result::Result<u8, u8>;

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

    #[query]
    fn answer(&self) -> Answer {
        Ok(1)
    }
}

fn main() {}
