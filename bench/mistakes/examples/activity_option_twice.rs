//! An activity named twice.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity(name = "a", name = "b")]
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let greeting = ctx.execute_activity(Shop::greet, "Bob", once()).await?;
        Ok(greeting)
    }
}

pub fn main() {
    run(
        |worker| {
            worker.register_workflow::<Greeting>()?;
            worker.register_activities(Shop);
            Ok(())
        },
        async |server| server.outcome(Greeting::run, ()).await,
    )
}
