//! The shape that the official SDK gives `run`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
