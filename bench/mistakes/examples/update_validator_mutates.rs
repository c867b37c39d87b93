//! A validator that changes the state.
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

    #[update]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, n: usize) -> usize {
        self.n += n;
        self.n
    }

    #[update_validator(add)]
    fn check(
        &self,
        _ctx: &WorkflowContextView,
        n: &usize,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.n += *n;
        Ok(())
    }
}

fn main() {}
