//! A program that a workflow runs.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let seen = format!("{:?}", std::process::Command::new("true").status());
        ctx.timer(secs(1)).await;
        Ok(seen)
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
