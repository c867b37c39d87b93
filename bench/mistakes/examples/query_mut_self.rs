//! A query that takes `&mut self`.
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
    pub fn names(&mut self, _ctx: &WorkflowContextView) -> Vec<String> {
        self.names.clone()
    }
}

fn main() {}
