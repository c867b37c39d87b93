//! A mutable reference to the state that outlives an await.
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
        let names = ctx.state_mut(|s| &mut s.names);
        names.push("a".into());
        ctx.timer(secs(1)).await;
        names.push("b".into());
        Ok(())
    }
}

fn main() {}
