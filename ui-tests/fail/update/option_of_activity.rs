//! A timeout of activities on an update.

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

    #[update(start_to_close = "10s")]
    fn add(&mut self, n: usize) {
        self.n += n;
    }
}

fn main() {}
