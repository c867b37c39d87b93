//! A blocking task of tokio, awaited.
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
        let seen = tokio::task::spawn_blocking(|| {
            std::thread::sleep(secs(1));
            "spawned"
        })
        .await
        .unwrap_or("failed");
        ctx.timer(secs(1)).await;
        Ok(seen.into())
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
