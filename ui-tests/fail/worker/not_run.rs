//! A worker that is not run.

#![deny(unused_must_use)]

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

async fn go(client: Client) -> Result<()> {
    Worker::new(&client, "q").workflow::<Greeting>();
    Ok(())
}

fn main() {}
