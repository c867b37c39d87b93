//! Nondeterminism in macro arguments and in closures.
#![allow(unused)]

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
        drop(format!("{:?}", std::time::Instant::now()));
        let late = || std::time::SystemTime::now();
        let many = vec![rand::random::<u8>(); 3];
        assert!(matches!(std::env::var("HOME"), Ok(_)));
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
