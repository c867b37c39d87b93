//! A start without a task queue.
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

pub async fn client(client: &Client) -> Result<()> {
    let options = WorkflowStartOptions::new("x").build();
    client.start_workflow(Greeting::run, (), options).await?;
    Ok(())
}

fn main() {}
