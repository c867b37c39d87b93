//! An argument that is a trait object.

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

    #[signal]
    fn submit(&mut self, name: Box<dyn ToString>) {
        self.names.push(name.to_string());
    }
}

fn main() {}
