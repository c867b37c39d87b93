//! Calls that nobody awaits, where that is denied.
#![deny(unused_must_use)]
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
        ctx.timer(secs(1));
        ctx.execute_activity(Shop::greet, "Bob", once());
        Ok(())
    }
}

fn main() {}
