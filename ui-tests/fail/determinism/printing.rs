//! A workflow that prints.
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
        println!("{} names", self.names.len());
        dbg!(self.n);
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
