//! A reference to the state that leaves a condition.
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
        ctx.wait_condition(|s| {
            leak = Some(&s.names);
            true
        })
        .await?;
        println!("{leak:?}");
        Ok(())
    }
}

fn main() {}
