//! An `#[activities]` block in which no method is marked.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    pub async fn save(_ctx: ActivityContext, row: String) -> Result<(), ActivityError> {
        drop(row);
        Ok(())
    }
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
        ctx.execute_activity(Shop::save, "row", once()).await?;
        Ok(())
    }
}

fn main() {}
