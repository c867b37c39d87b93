//! A raw name that another handler has on the server.

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

    #[query]
    fn r#type(&self) -> u8 {
        1
    }

    #[query(name = "type")]
    fn kind(&self) -> u8 {
        2
    }
}

fn main() {}
