use durably::prelude::*;

#[activities]
async fn save() {}

fn main() {}
