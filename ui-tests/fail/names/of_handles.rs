//! A handler named like a method of every handle.

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

    #[signal]
    fn cancel(&mut self, why: String) {
        self.names.push(why);
    }

    #[query]
    fn result(&self) -> usize {
        self.n
    }
}

fn main() {}
