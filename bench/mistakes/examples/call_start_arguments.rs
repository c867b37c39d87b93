//! A start without the workflow's argument.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>, name: String) -> WorkflowResult<()> {
        ctx.state_mut(|s| s.names.push(name));
        Ok(())
    }
}

pub async fn client(client: &Client) -> Result<()> {
    let options = WorkflowStartOptions::new("q", "x").build();
    client.start_workflow(Greeting::run, options).await?;
    Ok(())
}

fn main() {}
