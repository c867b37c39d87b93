//! A context whose type is the user's own `Ctx`.

use durably::{Result, data, workflow};

#[data]
struct Ctx {
    tenant: String,
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(ctx.tenant.clone())
    }
}

fn main() {}
