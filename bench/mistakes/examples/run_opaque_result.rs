//! A workflow that gives `impl Trait`.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<impl Sized> {
        Ok(ctx.state(|s| s.n))
    }
}

fn main() {}
