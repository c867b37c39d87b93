//! A clock read inside a macro of the workflow's own crate.
#![allow(unused)]

use durably::prelude::*;

macro_rules! row {
    ($name:ident => $value:expr) => {
        (stringify!($name), $value)
    };
}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let at = row!(at => std::time::Instant::now());
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
