//! One attempt may take longer than all attempts together.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        let mut options = once();
        options.close_timeouts = ActivityCloseTimeouts::ScheduleAndStartToClose {
            schedule_to_close: secs(60),
            start_to_close: secs(600),
        };
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
