//! Clocks, random numbers and the environment inside macros and closures.
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
        println!("{:?}", std::time::Instant::now());
        let late = || std::time::SystemTime::now();
        let many = vec![rand::random::<u8>(); 3];
        assert!(matches!(std::env::var("HOME"), Ok(_)));
        let seen = format!("{:?} {many:?}", late());
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
