//! An activity with the context of workflows.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(ctx: &WorkflowContextView, name: String) -> Result<String, ActivityError> {
        Ok(name + &ctx.workflow_id)
    }
}

fn main() {}
