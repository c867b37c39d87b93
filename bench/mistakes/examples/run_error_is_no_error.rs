//! A workflow whose error is a text.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> Result<(), String> {
        Err(ctx.workflow_id().into())
    }
}

fn main() {}
