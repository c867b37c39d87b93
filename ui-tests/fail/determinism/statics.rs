//! A static that runs could share.
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
        static SEEN: std::sync::Mutex<u32> = std::sync::Mutex::new(1);
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
