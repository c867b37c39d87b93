use durably::prelude::*;

#[activity]
async fn pay() -> Result<(), String> {
    Err("no".into())
}

fn main() {}
