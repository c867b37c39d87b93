//! Operations in the arguments of a format.
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
        let text = format!("{at:?} {:?} {n}", rand::random::<u8>(), at = std::time::Instant::now(), n = self.n);
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
