//! A reference to the state that leaves through a parameter.
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
        let mut out = Vec::new();
        Self::helper(ctx, &mut out).await;
        Ok(())
    }

    async fn helper<'a>(ctx: &'a WorkflowContext<Self>, out: &mut Vec<&'a String>) {
        ctx.timer(secs(1)).await;
        ctx.state(|s| out.extend(s.names.iter()));
    }
}

fn main() {}
