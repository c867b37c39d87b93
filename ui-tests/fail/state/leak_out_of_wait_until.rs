//! A reference into the state that leaves a condition.

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
        let mut leak: Option<&Vec<String>> = None;
        ctx.wait_until(|| {
            leak = Some(&self.names);
            true
        })
        .await?;
        drop(format!("{leak:?}"));
        Ok(())
    }
}

fn main() {}
