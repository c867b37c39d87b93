//! A struct of activities that cannot be shared between threads.

use durably::prelude::*;

struct Shop {
    log: std::cell::RefCell<Vec<String>>,
}

#[activities]
impl Shop {
    #[activity]
    fn save(&self, row: String) {
        self.log.borrow_mut().push(row);
    }
}

fn main() {}
