//! A misspelt signal.
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

    #[signal]
    pub fn submit_greeting(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: String) {
        self.names.push(name);
    }
}

pub async fn client(handle: WorkflowHandle<Client, greeting::Run>) -> Result<()> {
    handle
        .signal(Greeting::submit_greting, "Bob".into(), Default::default())
        .await?;
    Ok(())
}

fn main() {}
