//! A workflow whose result cannot travel.
use bench_mistakes::*;

pub struct Money;

#[workflow]
#[derive(Default)]
pub struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow_methods]
impl Greeting {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Money> {
        ctx.timer(secs(1)).await;
        Ok(Money)
    }
}

fn main() {}
