//! A query that gives an optional reference.
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
    pub fn first(&self, _ctx: &WorkflowContextView) -> Option<&str> {
        self.names.first().map(String::as_str)
    }
}

fn main() {}
