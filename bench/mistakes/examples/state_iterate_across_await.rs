//! An iteration over the state with awaits in it.
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
        for name in ctx.state(|s| s.names.iter()) {
            ctx.timer(secs(name.len() as u64)).await;
        }
        Ok(())
    }
}

fn main() {}
