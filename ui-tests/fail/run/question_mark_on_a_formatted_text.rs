//! `?` on an error made by `format!`.

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
        self.n = self.names[0]
            .parse()
            .map_err(|e| format!("no number: {e}"))?;
        Ok(())
    }
}

fn main() {}
