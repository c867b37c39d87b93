//! A raw name that another handler has on the server: the peer sends `r#type` as it is.
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

    #[query]
    pub fn r#type(&self, _ctx: &WorkflowContextView) -> u8 {
        1
    }

    #[query(name = "type")]
    pub fn kind(&self, _ctx: &WorkflowContextView) -> u8 {
        2
    }
}

fn main() {}
