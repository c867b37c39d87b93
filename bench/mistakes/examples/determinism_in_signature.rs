//! A helper that gives a container without an order.
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
        let seen = format!("{:?}", ctx.state(|s| s.counted()));
        ctx.timer(secs(1)).await;
        Ok(seen)
    }

    fn counted(&self) -> std::collections::HashSet<usize> {
        (0..100).map(|i| i + self.n).collect()
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
