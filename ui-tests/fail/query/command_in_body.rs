//! A query that calls an activity.

use durably::prelude::*;

#[activity]
async fn greet(name: String) -> String {
    name
}

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
    fn names(&self, view: &View) -> Vec<String> {
        let _ = greet::call(view, "x");
        self.names.clone()
    }
}

fn main() {}
