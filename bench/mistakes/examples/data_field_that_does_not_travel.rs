//! A payload with a field that cannot travel.
use bench_mistakes::*;

pub struct Money;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Order {
    pub price: Money,
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
    pub fn take(&mut self, _ctx: &mut SyncWorkflowContext<Self>, order: Order) {
        drop(order);
    }
}

fn main() {}
