//! A timeout of activities on an update.
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

    #[update(start_to_close = "10s")]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, n: usize) {
        self.n += n;
    }
}

fn main() {}
