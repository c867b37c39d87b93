//! A match on the state with an await in an arm.
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
        match ctx.state(|s| s.names.first()) {
            Some(name) => {
                ctx.timer(secs(1)).await;
                println!("{name}");
            }
            None => {}
        }
        Ok(())
    }
}

fn main() {}
