//! A generic struct of activities.

use durably::prelude::*;

struct Shop<T> {
    pool: T,
}

#[activities]
impl<T> Shop<T> {
    #[activity]
    async fn save(&self, row: String) {
        drop(row);
    }
}

fn main() {}
