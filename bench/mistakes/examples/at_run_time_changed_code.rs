//! Code that takes another path than the history.
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
        static RUNS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        ctx.timer(secs(1)).await;
        if RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1 {
            ctx.timer(secs(1)).await;
        } else {
            ctx.execute_activity(Shop::greet, "Bob", once()).await?;
        }
        Ok(())
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
