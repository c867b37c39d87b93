//! An activity called without a timeout.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(name)
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
        let greeting = ctx
            .execute_activity(Shop::greet, "Bob", ActivityOptions::default())
            .await?;
        ctx.state_mut(|s| s.names.push(greeting));
        Ok(())
    }
}

fn main() {}
