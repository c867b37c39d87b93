//! A counter that all runs of a worker share.
#![allow(unused)]

use durably::prelude::*;

use std::sync::atomic::{AtomicUsize, Ordering};

static COUNTER: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        self.n = COUNTER.fetch_add(1, Ordering::Relaxed);
        self.n += COUNTER.load(Ordering::Relaxed);
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
