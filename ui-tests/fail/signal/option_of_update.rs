//! A validator on a signal.

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

    #[signal(validator = check)]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }

    fn check(&self, _name: &str) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
