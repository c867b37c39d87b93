//! An activity registered as a workflow.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn greet(_ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(name)
    }
}

pub fn register(worker: &mut WorkerOptions) -> Result<()> {
    worker.register_workflow::<shop::Greet>()?;
    Ok(())
}

fn main() {}
