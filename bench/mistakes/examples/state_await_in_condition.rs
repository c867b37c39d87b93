//! An await in a condition.
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
        ctx.wait_condition(|s| {
            ctx.timer(secs(1)).await;
            s.n > 0
        })
        .await?;
        Ok(())
    }
}

fn main() {}
