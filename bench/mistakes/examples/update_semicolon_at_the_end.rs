//! A semicolon after the last value.
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
        ctx.timer(secs(1)).await;
        Ok(ctx.state(|s| s.n));
    }
}

fn main() {}
