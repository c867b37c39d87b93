//! A handler with the name of a helper.
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

    fn submit(&self) {}

    #[signal]
    pub fn submit(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: String) {
        self.names.push(name);
    }
}

fn main() {}
