//! A reference to a payload.
use bench_mistakes::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Order {
    pub items: usize,
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
    pub fn submit(&mut self, _ctx: &mut SyncWorkflowContext<Self>, order: &Order) {
        self.n += order.items;
    }
}

fn main() {}
