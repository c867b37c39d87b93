//! An argument that cannot travel.
use bench_mistakes::*;

pub struct Money {
    cents: u64,
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

    #[update]
    pub fn pay(&mut self, _ctx: &mut SyncWorkflowContext<Self>, amount: Money) -> u64 {
        amount.cents
    }
}

fn main() {}
