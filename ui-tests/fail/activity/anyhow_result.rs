//! An activity that returns an `anyhow::Result`.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn count(text: String) -> anyhow::Result<usize> {
    Ok(text.parse()?)
}

fn main() {}
