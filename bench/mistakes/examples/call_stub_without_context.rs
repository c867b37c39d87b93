//! An activity called without a context.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn reserve(_ctx: ActivityContext, item: String) -> Result<usize, ActivityError> {
        Ok(item.len())
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
        Shop::reserve("tea").await?;
        Ok(())
    }
}

fn main() {}
