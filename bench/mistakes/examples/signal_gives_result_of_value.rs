//! A signal that gives a `Result` of a value.
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
    pub fn submit(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: String) -> Result<usize> {
        self.names.push(name);
        Ok(self.names.len())
    }
}

fn main() {}
