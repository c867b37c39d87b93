//! Random numbers and ids made in a workflow.
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
        let id = uuid::Uuid::new_v4();
        let number: u8 = rand::random();
        let rng = rand::rng();
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
