//! A spawned block that lends `self`.

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
        let later = ctx.spawn(async {
            self.n += 1;
        });
        later.await;
        Ok(())
    }
}

fn main() {}
