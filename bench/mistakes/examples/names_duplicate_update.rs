//! Two updates of one name.
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

    #[update(name = "add")]
    pub fn add_one(&mut self, _ctx: &mut SyncWorkflowContext<Self>) -> u8 {
        1
    }

    #[update(name = "add")]
    pub fn add_two(&mut self, _ctx: &mut SyncWorkflowContext<Self>) -> u8 {
        2
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
            let added = handle
                .execute_update(Greeting::add_two, (), Default::default())
                .await?;
            Ok(format!("the answer is {added}"))
        },
    )
}
