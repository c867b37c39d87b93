//! Names that the platform keeps for itself.
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
        ctx.wait_condition(|s| s.n > 0).await?;
        Ok(())
    }

    #[signal(name = "__temporal_stop")]
    pub fn stop(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.n = 1;
    }

    #[query(name = "__stack_trace")]
    pub fn trace(&self, _ctx: &WorkflowContextView) -> String {
        "mine".into()
    }
}

pub fn main() {
    run(
        |worker| {
            worker.register_workflow::<Greeting>()?;
            Ok(())
        },
        async |server| {
            let handle = server.start(Greeting::run, ()).await?;
            let trace = handle.query(Greeting::trace, (), Default::default()).await;
            handle
                .signal(Greeting::stop, (), Default::default())
                .await?;
            handle.get_result(Default::default()).await?;
            Ok(format!("stopped, the trace is {trace:?}"))
        },
    )
}
