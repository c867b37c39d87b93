//! Activities registered by their type, without the value that they share.
use bench_mistakes::*;

pub struct Shop;

#[activities]
impl Shop {
    #[activity]
    pub async fn save(self: Arc<Self>, _ctx: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }
}

pub fn register(worker: &mut WorkerOptions) {
    worker.register_activities::<Shop>();
}

fn main() {}
