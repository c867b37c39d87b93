//! A workflow that updates another one.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
        let child = Greeting::child(ctx).start().await?;
        Ok(child.add().await?)
    }

    #[update]
    fn add(&mut self) -> usize {
        self.n
    }
}

fn main() {}
