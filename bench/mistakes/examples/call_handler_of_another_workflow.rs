//! A signal of another workflow.
use bench_mistakes::*;

#[workflow]
#[derive(Default)]
pub struct Other;

#[workflow_methods]
impl Other {
    #[run]
    pub async fn run(_ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal]
    pub fn poke(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {}
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
        ctx.timer(secs(1)).await;
        Ok(())
    }

    #[signal]
    pub fn submit_greeting(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: String) {
        self.names.push(name);
    }
}

pub async fn client(handle: WorkflowHandle<Client, greeting::Run>) -> Result<()> {
    handle.signal(Other::poke, (), Default::default()).await?;
    Ok(())
}

fn main() {}
