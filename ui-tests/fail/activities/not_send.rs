//! A struct of activities with an `Rc`.

use durably::prelude::*;

use std::rc::Rc;

struct Shop {
    rows: Rc<Vec<String>>,
}

#[activities]
impl Shop {
    #[activity]
    async fn count(&self) -> u64 {
        self.rows.len() as u64
    }
}

fn main() {}
