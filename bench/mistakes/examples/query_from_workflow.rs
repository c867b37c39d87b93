//! A query of another workflow from inside one.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<usize> {
        let other = ctx.external_workflow("other", None);
        let number = other
            .query(Greeting::number, (), Default::default())
            .await?;
        Ok(number)
    }

    #[query]
    pub fn number(&self, _ctx: &WorkflowContextView) -> usize {
        self.n
    }
}

fn main() {}
