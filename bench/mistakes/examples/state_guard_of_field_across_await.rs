//! A mutable reference to the state that is used after an await.
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
        if let Some(last) = ctx.state_mut(|s| s.names.last_mut()) {
            last.push_str(&ctx.execute_activity(Shop::greet, "Bob", once()).await?);
        }
        Ok(())
    }
}

fn main() {}
