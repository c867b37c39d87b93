//! Threads and tasks spawned in a workflow.
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
        std::thread::spawn(|| ());
        tokio::spawn(async {});
        tokio::task::spawn_blocking(|| ());
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
