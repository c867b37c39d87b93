//! A borrow by `let else` across an await.

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
        let Some(name) = self.names.first() else {
            return Ok(());
        };
        ctx.sleep(secs(1)).await?;
        assert!(!name.is_empty());
        Ok(())
    }
}

fn main() {}
