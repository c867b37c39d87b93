//! A method among activities that are implemented elsewhere.
use bench_mistakes::*;

pub struct Shop;

#[activity_definitions]
impl Shop {
    #[activity]
    pub async fn save(self: Arc<Self>) -> Result<(), ActivityError> {
        panic!("runs on another worker")
    }
}

fn main() {}
