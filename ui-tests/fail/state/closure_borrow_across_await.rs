//! A closure over the state kept across an await.

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
        let mut add = |name: String| self.names.push(name);
        ctx.sleep(secs(1)).await?;
        add(String::new());
        Ok(())
    }
}

fn main() {}
