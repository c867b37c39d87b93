//! A struct of activities registered by its type instead of by a value.

use durably::prelude::*;

#[derive(Default)]
struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn save(&self) {}
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").activity::<Shop>()
}

fn main() {}
