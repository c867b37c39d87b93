//! Activities that share state no two threads may share.
use bench_mistakes::*;

pub struct Shop {
    log: std::cell::RefCell<Vec<String>>,
}

#[activities]
impl Shop {
    #[activity]
    pub async fn save(
        self: Arc<Self>,
        _ctx: ActivityContext,
        row: String,
    ) -> Result<(), ActivityError> {
        self.log.borrow_mut().push(row);
        Ok(())
    }
}

fn main() {}
