//! A `Result` behind an alias: its error is no failure.
use bench_mistakes::*;

type Answer = std::result::Result<u8, u8>;

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
    pub fn answer(&self, _ctx: &WorkflowContextView) -> Answer {
        Err(1)
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
                .query(Greeting::answer, (), Default::default())
                .await?;
            Ok(format!("the answer is {answer:?}"))
        },
    )
}
