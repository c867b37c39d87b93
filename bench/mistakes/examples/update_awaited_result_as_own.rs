//! A wait's result returned as the update's.
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
    pub async fn add(
        ctx: &mut WorkflowContext<Self>,
    ) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        ctx.wait_condition(|s| s.n > 0).await
    }
}

fn main() {}
