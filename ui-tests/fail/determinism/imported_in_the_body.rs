//! A bare function that a body imports.
#![allow(unused)]

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        use tokio::time::{Duration, sleep};
        sleep(Duration::from_secs(1)).await;
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
