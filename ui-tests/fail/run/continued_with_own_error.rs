//! Continuing as new from a run whose error type has no variant for it.

use durably::prelude::*;

#[derive(Debug)]
struct Declined;

impl std::fmt::Display for Declined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("declined")
    }
}

impl std::error::Error for Declined {}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<(), Declined> {
        ctx.wait_until(|| self.n > 0).await.map_err(|_| Declined)?;
        Self::continue_as_new(n + 1).into()
    }
}

fn main() {}
