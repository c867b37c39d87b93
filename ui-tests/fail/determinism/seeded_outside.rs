//! A random generator that is seeded by the system.
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
        let rng: rand::rngs::StdRng = rand::make_rng();
        let source = rand::rngs::SysRng;
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
