//! A query that awaits.
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

    #[query]
    pub fn count(&self, _ctx: &WorkflowContextView) -> usize {
        self.counted().await
    }

    async fn counted(&self) -> usize {
        self.n
    }
}

fn main() {}
