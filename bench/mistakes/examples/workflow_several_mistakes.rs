//! Several mistakes in one block.
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

    #[query]
    pub async fn names(&mut self, _ctx: &WorkflowContextView) -> Vec<String> {
        self.names.clone()
    }

    #[signal]
    pub fn submit(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: &str) -> usize {
        name.len()
    }

    #[update(valdator = check)]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>) -> usize {
        self.n
    }
}

fn main() {}
