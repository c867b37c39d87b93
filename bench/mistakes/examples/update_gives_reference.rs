//! An update that gives a reference.
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
    pub async fn first(ctx: &mut WorkflowContext<Self>) -> &str {
        ctx.timer(secs(1)).await;
        "Bob"
    }
}

fn main() {}
