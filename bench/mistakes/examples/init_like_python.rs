//! An `#[init]` like Python's `__init__`.
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

    #[init]
    pub fn init(&mut self, _ctx: &WorkflowContextView, name: String) {
        self.names.push(name);
    }
}

fn main() {}
