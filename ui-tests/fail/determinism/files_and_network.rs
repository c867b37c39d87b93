//! Files and sockets opened in a workflow.
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
        let text = std::fs::read_to_string("x")?;
        let socket = std::net::TcpStream::connect("x")?;
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
