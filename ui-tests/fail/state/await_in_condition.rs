//! `.await` in a condition of `wait_until`.

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
        ctx.wait_until(|| ctx.sleep(secs(1)).await.is_ok() && self.n > 0)
            .await?;
        Ok(())
    }
}

fn main() {}
