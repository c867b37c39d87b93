//! The context that the official SDK gives a signal.

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
    fn submit(&mut self, ctx: &mut SyncWorkflowContext<Self>, name: String) {
        self.names.push(name);
    }
}

fn main() {}
