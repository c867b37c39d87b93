//! An activity called with one argument too many.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity(name = "reserve")]
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
        ctx.execute_activity(Shop::reserve, "tea", 3, once())
            .await?;
        Ok(())
    }
}

fn main() {}
