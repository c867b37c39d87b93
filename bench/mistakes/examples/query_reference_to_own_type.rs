//! A query with an argument by reference.
use bench_mistakes::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Filter {
    pub prefix: String,
}

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
    pub fn count(&self, _ctx: &WorkflowContextView, filter: &Filter) -> usize {
        self.n + filter.prefix.len()
    }
}

fn main() {}
