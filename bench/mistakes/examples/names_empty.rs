//! A signal without a name.
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

    #[signal(name = "")]
    pub fn stop(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.n = 1;
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
            handle
                .signal(Greeting::stop, (), Default::default())
                .await?;
            handle.get_result(Default::default()).await?;
            Ok("stopped".into())
        },
    )
}
