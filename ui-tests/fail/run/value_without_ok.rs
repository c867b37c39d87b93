//! A result without `Ok`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        ctx.sleep(secs(1)).await?;
        self.names.clone()
    }
}

fn main() {}
