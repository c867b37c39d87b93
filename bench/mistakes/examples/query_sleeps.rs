//! A query that sleeps.
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
    pub fn count(&self, ctx: &WorkflowContextView) -> usize {
        ctx.timer(secs(1));
        self.n
    }
}

fn main() {}
