//! An update of a child workflow from inside one.
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
        let child = ctx
            .start_child_workflow(
                Greeting::run,
                (),
                ChildWorkflowOptions::workflow_id("x".into()),
            )
            .await?;
        child
            .execute_update(Greeting::add, 1, Default::default())
            .await?;
        Ok(())
    }

    #[update]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, n: usize) -> usize {
        self.n += n;
        self.n
    }
}

fn main() {}
