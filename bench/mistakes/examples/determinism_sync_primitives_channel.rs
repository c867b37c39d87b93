//! A channel of tokio.
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
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<u8>(1);
        let (_, got) = temporalio_sdk::workflows::join!(
            async {
                ctx.timer(secs(1)).await;
                sender.send(1).await.ok();
            },
            receiver.recv(),
        );
        let seen = format!("{got:?}");
        ctx.timer(secs(1)).await;
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
