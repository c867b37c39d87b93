//! A static that the first run sets for all others.
use bench_mistakes::*;

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
        static FIRST: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        let seen = FIRST.get_or_init(|| ctx.run_id().into()).clone();
        ctx.timer(secs(1)).await;
        Ok(seen)
    }
}

pub fn main() {
    run(
        |worker| {
            worker.register_workflow::<Greeting>()?;
            Ok(())
        },
        async |server| server.outcome(Greeting::run, ()).await,
    )
}
