//! A name that Temporal reserves.

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

    #[signal(name = "__temporal_stop")]
    fn stop(&mut self) {}

    #[query(name = "__stack_trace")]
    fn trace(&self) -> String {
        String::new()
    }
}

fn main() {}
