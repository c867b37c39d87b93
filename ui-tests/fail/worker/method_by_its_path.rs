//! One activity of a struct registered by its path.

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
    Worker::new(client, "q").activity::<Shop::save>()
}

fn main() {}
