//! A reference to the state as an argument beside an await.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(name)
    }
}

fn show(_: &[String], _: String) {}

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
        show(
            ctx.state(|s| &s.names),
            ctx.execute_activity(Shop::greet, "Bob", once()).await?,
        );
        Ok(())
    }
}

fn main() {}
