//! A registered type that is no workflow.
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
}

pub fn register(worker: &mut WorkerOptions) -> Result<()> {
    worker.register_workflow::<String>()?;
    Ok(())
}

fn main() {}
