//! A clock in a helper, the process in a handler.
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
        ctx.wait_condition(|s| s.n > 0).await?;
        let seen = ctx.state(|s| format!("{} {:?}", s.n, s.helper()));
        Ok(seen)
    }

    #[signal]
    pub fn submit(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.n = std::process::id() as usize;
    }

    fn helper(&self) -> std::time::Instant {
        std::time::Instant::now()
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
                .signal(Greeting::submit, (), Default::default())
                .await?;
            Ok(format!(
                "the result is {}",
                handle.get_result(Default::default()).await?
            ))
        },
    )
}
