//! A heartbeat timeout for an activity that never beats.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        tokio::time::sleep(secs(4)).await;
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
        let mut options = once();
        options.heartbeat_timeout = Some(secs(1));
        let greeting = ctx.execute_activity(Shop::greet, "Bob", options).await?;
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
