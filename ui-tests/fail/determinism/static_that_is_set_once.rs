//! A static that the first run sets for all others.
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
        static FIRST: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
