//! A text where a signal takes a number.
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
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, n: u32) {
        self.n += n as usize;
    }
}

pub async fn client(handle: WorkflowHandle<Client, greeting::Run>) -> Result<()> {
    handle
        .signal(Greeting::add, "three", Default::default())
        .await?;
    Ok(())
}

fn main() {}
