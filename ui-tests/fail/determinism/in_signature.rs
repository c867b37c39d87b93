//! A helper that gives a container without an order.
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
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    fn counted(&self, seen: &std::collections::HashSet<String>) -> std::collections::HashMap<String, usize> {
        Default::default()
    }
}

fn main() {}
