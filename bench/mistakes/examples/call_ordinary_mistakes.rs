//! A misspelt field, and values of wrong types.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<usize> {
        ctx.state_mut(|s| s.nmaes.push("x".into()));
        let n: usize = ctx.execute_activity(Shop::greet, "Bob", once()).await?;
        ctx.state_mut(|s| s.n = n);
        let total: u32 = ctx.timer(secs(1)).await;
        ctx.state_mut(|s| s.names.push(3));
        Ok(ctx.state(|s| s.names.clone()))
    }
}

fn main() {}
