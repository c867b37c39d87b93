//! A field whose order differs from replay to replay.
use bench_mistakes::*;

#[workflow]
#[derive(Default)]
pub struct Greeting {
    names: std::collections::HashSet<u32>,
}

#[workflow_methods]
impl Greeting {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Vec<u32>> {
        ctx.state_mut(|s| s.names.extend(0..100));
        ctx.timer(secs(1)).await;
        Ok(ctx.state(|s| s.names.iter().copied().collect()))
    }
}

pub fn main() {
    run(
        |worker| {
            worker.register_workflow::<Greeting>()?;
            Ok(())
        },
        async |server| server.outcome(Greeting::run, ()).await,
    )
}
