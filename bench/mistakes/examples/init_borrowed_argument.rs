//! An `#[init]` with a borrowed argument.
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

    #[init]
    pub fn new(_ctx: &WorkflowContextView, _name: &str) -> Self {
        Self::default()
    }
}

fn main() {}
