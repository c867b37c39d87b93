//! A match on a field that awaits in an arm.

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
        match self.names.first() {
            Some(name) => {
                ctx.sleep(secs(1)).await?;
                drop(format!("{name}"));
            }
            None => {}
        }
        Ok(())
    }
}

fn main() {}
