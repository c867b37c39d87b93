//! A function in a body that reads the environment.
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
        fn home() -> Option<String> {
            std::env::var("HOME").ok()
        }
        self.names.extend(home());
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
