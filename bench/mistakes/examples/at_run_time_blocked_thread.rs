//! A function that blocks the thread of the workflow.
use bench_mistakes::*;

fn blocked() {
    std::thread::sleep(secs(3));
}

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
        blocked();
        ctx.timer(secs(1)).await;
        Ok(())
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
