//! Two signals of one name.

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
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }

    #[signal(name = "submit")]
    fn submit_many(&mut self, names: Vec<String>) {
        self.names.extend(names);
    }
}

fn main() {}
