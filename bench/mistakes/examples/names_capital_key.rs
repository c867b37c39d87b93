//! A key in capitals.
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

    #[query(Name = "kind")]
    pub fn kind_of(&self, _ctx: &WorkflowContextView) -> u8 {
        1
    }
}

fn main() {}
