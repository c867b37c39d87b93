//! An activity that may be attempted zero times.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn pay(ctx: ActivityContext) -> Result<u32, ActivityError> {
        match ctx.info().attempt {
            attempt if attempt < 3 => Err(std::io::Error::other("no").into()),
            attempt => Ok(attempt),
        }
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<u32> {
        let retry = RetryPolicy::builder().maximum_attempts(0).build();
        let options = ActivityOptions::with_start_to_close_timeout(secs(5))
            .retry_policy(retry)
            .build();
        let attempts = ctx.execute_activity(Shop::pay, (), options).await?;
        Ok(attempts)
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
