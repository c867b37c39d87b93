//! Two signals with one name.
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
        ctx.wait_condition(|s| !s.names.is_empty() || s.n > 0)
            .await?;
        let seen = ctx.state(|s| format!("{:?} {}", s.names, s.n));
        Ok(seen)
    }

    #[signal]
    pub fn submit(&mut self, _ctx: &mut SyncWorkflowContext<Self>, name: String) {
        self.names.push(name);
    }

    #[signal(name = "submit")]
    pub fn submit_many(&mut self, _ctx: &mut SyncWorkflowContext<Self>, names: String) {
        self.n += names.len();
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
                .signal(Greeting::submit_many, "Bob".into(), Default::default())
                .await?;
            Ok(handle.get_result(Default::default()).await?)
        },
    )
}
