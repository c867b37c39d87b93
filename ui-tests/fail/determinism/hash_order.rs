//! A hash-ordered map or set in a workflow.
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
        let seen: std::collections::HashMap<String, u32> = Default::default();
        let names = std::collections::HashSet::<String>::new();
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
