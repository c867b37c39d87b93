//! A struct of activities registered by its type.

use durably::prelude::*;

#[derive(Default)]
struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn save(&self, row: String) -> Result<()> {
        println!("{row}");
        Ok(())
    }
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").activities::<Shop>()
}

fn main() {}
