//! An `#[init]` named like another item of the type: the peer renames it, but not the helper.
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

    fn __new() {}

    #[init]
    pub fn new(_ctx: &WorkflowContextView) -> Self {
        Self::default()
    }
}

fn main() {}
