//! A reference to the state as a result.
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
        Self::first(ctx).await;
        Ok(())
    }

    async fn first(ctx: &WorkflowContext<Self>) -> &String {
        ctx.timer(secs(1)).await;
        ctx.state(|s| &s.names[0])
    }
}

fn main() {}
