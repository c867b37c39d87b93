//! A lock held across an `.await` of an activity.

use durably::prelude::*;

struct Shop {
    log: std::sync::Mutex<Vec<u64>>,
}

#[activities]
impl Shop {
    #[activity(start_to_close = "10s")]
    async fn pay(&self, cents: u64) {
        let mut log = self.log.lock().unwrap();
        std::future::ready(()).await;
        log.push(cents);
    }
}

fn main() {}
