//! Two updates of one name.

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

    #[update(name = "add")]
    fn add_one(&mut self) {}

    #[update(name = "add")]
    fn add_two(&mut self) {}
}

fn main() {}
