//! A query that gives a trait object.
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
    pub fn all(&self, _ctx: &WorkflowContextView) -> Box<dyn Iterator<Item = String>> {
        Box::new(self.names.clone().into_iter())
    }
}

fn main() {}
