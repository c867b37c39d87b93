//! A clock read in a workflow.
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
        let started = std::time::SystemTime::now();
        let also = std::time::Instant::now();
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
