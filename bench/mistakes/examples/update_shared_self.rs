//! An update that takes `&self`.
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
    pub fn answer(&self, _ctx: &mut SyncWorkflowContext<Self>) -> usize {
        self.n
    }
}

fn main() {}
