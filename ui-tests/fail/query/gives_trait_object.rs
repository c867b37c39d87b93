//! A query that returns a trait object.

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

    #[query]
    fn all(&self) -> Box<dyn Iterator<Item = String>> {
        Box::new(self.names.clone().into_iter())
    }
}

fn main() {}
