//! An argument that does not decode.
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
    pub async fn run(ctx: &mut WorkflowContext<Self>, name: String) -> WorkflowResult<String> {
        let seen = name;
        Ok(seen)
    }
}

/// The same workflow, as somebody else believes it to be.
mod elsewhere {
    use super::*;

    #[workflow]
    #[derive(Default)]
    pub struct Greeting {}

    #[workflow_methods]
    impl Greeting {
        #[run(name = "Greeting")]
        pub async fn run(_ctx: &mut WorkflowContext<Self>, names: Vec<u32>) -> WorkflowResult<()> {
            drop(names);
            Ok(())
        }
    }
}

pub fn main() {
    run(
        |worker| {
            worker.register_workflow::<Greeting>()?;
            Ok(())
        },
        async |server| server.outcome(elsewhere::Greeting::run, vec![1, 2]).await,
    )
}
