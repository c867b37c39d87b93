//! A signal and a query of one Rust name.
use bench_mistakes::*;

#[workflow]
#[derive(Default)]
pub struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow_methods]
impl Greeting {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.timer(secs(1)).await;
        Ok(())
    }

    #[signal]
    pub fn count(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.n += 1;
    }

    #[query]
    pub fn count(&self, _ctx: &WorkflowContextView) -> usize {
        self.n
    }
}

fn main() {}
