//! `#[main]` without its crate.

use durably::prelude::*;

#[main]
async fn main() -> Result<()> {
    Ok(())
}
