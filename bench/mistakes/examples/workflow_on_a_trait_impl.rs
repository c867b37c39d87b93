//! The implementation of a trait as a workflow.
use bench_mistakes::*;

#[workflow]
#[derive(Default)]
pub struct Greeting;

pub trait Runs: Sized {
    fn run(ctx: &mut WorkflowContext<Self>) -> impl Future<Output = WorkflowResult<()>>;
}

#[workflow_methods]
impl Runs for Greeting {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.timer(secs(1)).await;
        Ok(())
    }
}

fn main() {}
