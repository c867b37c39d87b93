//! An async closure that uses `self`.

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
        let later = async || self.n;
        later().await;
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
