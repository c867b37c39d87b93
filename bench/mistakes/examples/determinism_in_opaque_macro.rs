//! A clock inside a macro of the workflow's own crate.
use bench_mistakes::*;

macro_rules! row {
    ($name:ident => $value:expr) => {
        (stringify!($name), $value)
    };
}

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
        let seen = format!("{:?}", row!(at => std::time::Instant::now()));
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
