//! `.await` in a macro call that is not readable as Rust.

use durably::prelude::*;

macro_rules! dsl {
    (go => $e:expr) => {
        $e
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
        dsl!(go => ctx.sleep(secs(1)).await);
        Ok(())
    }
}

fn main() {}
