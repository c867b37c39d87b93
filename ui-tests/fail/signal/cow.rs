//! An argument that may borrow.

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
    fn submit(&mut self, name: std::borrow::Cow<'static, str>) {
        self.names.push(name.into_owned());
    }
}

fn main() {}
