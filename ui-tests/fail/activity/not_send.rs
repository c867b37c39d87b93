//! An activity that holds an `Rc` across an await.

use durably::prelude::*;

#[activity]
async fn pay() {
    let shared = std::rc::Rc::new(1);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {}
