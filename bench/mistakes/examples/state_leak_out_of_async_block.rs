//! A reference to the state that leaves an async block.
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
        let mut leak: Option<&Vec<String>> = None;
        let later = async {
            ctx.timer(secs(1)).await;
            ctx.state(|s| leak = Some(&s.names));
        };
        later.await;
        println!("{leak:?}");
        Ok(())
    }
}

fn main() {}
