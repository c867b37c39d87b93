//! A worker with nothing to do.
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

pub fn main() {
    run(|_| Ok(()), async |server| std::future::pending().await)
}
