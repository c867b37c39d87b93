//! A helper that keeps a reference to the state across an await.
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
        Self::reader(ctx).await;
        Ok(())
    }

    async fn reader(ctx: &WorkflowContext<Self>) {
        let first = ctx.state(|s| &s.names[0]);
        ctx.timer(secs(1)).await;
        println!("{first}");
    }
}

fn main() {}
