//! A query that gives nothing.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        ctx.timer(secs(1)).await;
        Ok(())
    }

    #[query]
    pub fn count(&self, _ctx: &WorkflowContextView) {}
}

pub fn main() {
    run(
        |worker| {
            worker.register_workflow::<Greeting>()?;
            Ok(())
        },
        async |server| {
            let handle = server.start(Greeting::run, ()).await?;
            let answer = handle
                .query(Greeting::count, (), Default::default())
                .await?;
            Ok(format!("the answer is {answer:?}"))
        },
    )
}
