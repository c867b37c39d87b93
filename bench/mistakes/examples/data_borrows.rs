//! A payload that borrows.
use bench_mistakes::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Order<'a> {
    pub id: &'a str,
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
    pub fn take(&mut self, _ctx: &mut SyncWorkflowContext<Self>, order: Order<'_>) {
        drop(order);
    }
}

fn main() {}
