//! A text where a signal takes a number.

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

    #[signal]
    fn add(&mut self, n: u32, why: String) {
        self.n += n as usize;
        self.names.push(why);
    }
}

pub async fn client(handle: Handle<Greeting>) -> Result<()> {
    handle.add("three", "why").await?;
    Ok(())
}

fn main() {}
