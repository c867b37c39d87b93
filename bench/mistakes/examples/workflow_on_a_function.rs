//! A function as a workflow.
use bench_mistakes::*;

#[workflow]
pub async fn greeting(ctx: &mut WorkflowContext<()>) -> WorkflowResult<()> {
    ctx.timer(secs(1)).await;
    Ok(())
}

pub async fn client(client: &Client) -> Result<()> {
    let options = WorkflowStartOptions::new("q", "x").build();
    client.start_workflow(greeting, (), options).await?;
    Ok(())
}

fn main() {}
