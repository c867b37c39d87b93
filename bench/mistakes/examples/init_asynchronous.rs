//! An asynchronous `#[init]`.
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
    pub async fn new(_ctx: &WorkflowContextView) -> Self {
        Self { n: 1 }
    }
}

fn main() {}
