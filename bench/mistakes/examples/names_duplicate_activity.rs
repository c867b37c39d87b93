//! Two activities with one name.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn pay(_ctx: ActivityContext) -> Result<String, ActivityError> {
        Ok("paid".into())
    }

    #[activity(name = "Shop::pay")]
    pub async fn charge(_ctx: ActivityContext) -> Result<String, ActivityError> {
        Ok("charged".into())
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
        let seen = ctx.execute_activity(Shop::pay, (), once()).await?;
        Ok(seen)
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
