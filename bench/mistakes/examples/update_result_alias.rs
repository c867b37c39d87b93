//! A `Result` behind an alias: its error is no failure.
use bench_mistakes::*;

type Answer = std::result::Result<String, String>;

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

    #[update]
    pub fn answer(&mut self, _ctx: &mut SyncWorkflowContext<Self>) -> Answer {
        Err("no".into())
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
            let answer = handle
                .execute_update(Greeting::answer, (), Default::default())
                .await?;
            Ok(format!("the answer is {answer:?}"))
        },
    )
}
