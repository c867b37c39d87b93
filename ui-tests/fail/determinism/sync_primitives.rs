//! A lock or a channel in a workflow.
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
        let lock = std::sync::Mutex::new(1);
        let (sender, receiver) = tokio::sync::mpsc::channel::<u8>(1);
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
