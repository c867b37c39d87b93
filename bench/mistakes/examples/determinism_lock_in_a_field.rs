//! A lock in the state.
use bench_mistakes::*;

#[workflow]
#[derive(Default)]
pub struct Greeting {
    names: Arc<std::sync::Mutex<Vec<String>>>,
}

#[workflow_methods]
impl Greeting {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<usize> {
        ctx.timer(secs(1)).await;
        let names = ctx.state(|s| s.names.clone());
        let seen = names.lock().map(|names| names.len()).unwrap_or(0);
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
