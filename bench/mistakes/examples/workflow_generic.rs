//! A generic workflow.
use bench_mistakes::*;

#[workflow]
#[derive(Default)]
pub struct Greeting<T> {
    pub name: T,
}

#[workflow_methods]
impl<T: Default + 'static> Greeting<T> {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.timer(secs(1)).await;
        Ok(())
    }
}

fn main() {}
