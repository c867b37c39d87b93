//! A handler whose name collides with what the macro generates on the type.
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
    pub fn name(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.n = 1;
    }
}

fn main() {}
