//! An update that is its own validator.
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

    #[update]
    #[update_validator(add)]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, n: usize) -> usize {
        n
    }
}

fn main() {}
