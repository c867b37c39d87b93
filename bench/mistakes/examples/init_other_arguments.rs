//! `#[init]` and `#[run]` take different arguments.
use bench_mistakes::*;

#[workflow]
pub struct Greeting {
    n: usize,
}

#[workflow_methods]
impl Greeting {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, name: String) -> WorkflowResult<()> {
        ctx.timer(secs(name.len() as u64)).await;
        Ok(())
    }

    #[init]
    pub fn new(_ctx: &WorkflowContextView, n: usize) -> Self {
        Self { n }
    }
}

fn main() {}
