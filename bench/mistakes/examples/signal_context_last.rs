//! A context behind the argument.
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

    #[signal]
    pub async fn submit(name: String, ctx: &mut WorkflowContext<Self>) {
        ctx.timer(secs(1)).await;
        ctx.state_mut(|s| s.names.push(name));
    }
}

fn main() {}
