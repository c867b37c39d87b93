//! A helper that takes the state by value.
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
        ctx.state(|s| s.helper());
        Ok(())
    }

    fn helper(self) -> usize {
        self.n
    }
}

fn main() {}
