//! A payload type named like a context, taken by reference.

use durably::prelude::*;

mod own {
    #[durably::data]
    pub struct Ctx {
        pub n: usize,
    }
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
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    #[signal]
    fn set(&mut self, ctx: &own::Ctx) {
        self.n = ctx.n;
    }
}

fn main() {}
