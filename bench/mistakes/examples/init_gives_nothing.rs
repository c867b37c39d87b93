//! An `#[init]` that gives nothing.
use bench_mistakes::*;

#[workflow]
pub struct Greeting {
    n: usize,
}

#[workflow_methods]
impl Greeting {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.timer(secs(1)).await;
        Ok(())
    }

    #[init]
    pub fn new(_ctx: &WorkflowContextView) {}
}

fn main() {}
