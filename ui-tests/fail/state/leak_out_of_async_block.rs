//! A reference into the state that leaves an async block.

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
        let a = async {
            ctx.sleep(secs(1)).await?;
            leak = Some(&self.names);
            Ok::<_, Error>(())
        };
        a.await?;
        ctx.sleep(secs(1)).await?;
        drop(format!("{leak:?}"));
        Ok(())
    }
}

fn main() {}
