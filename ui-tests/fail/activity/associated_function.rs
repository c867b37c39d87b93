//! An activity in a plain impl block, without `self`.

use durably::prelude::*;

struct Shop;

impl Shop {
    #[activity(start_to_close = "10s")]
    async fn save(row: String) -> Result<()> {
        println!("{row}");
        Ok(())
    }
}

fn main() {}
