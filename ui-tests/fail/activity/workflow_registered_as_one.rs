//! A workflow registered as an activity.

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
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").activity::<Greeting>()
}

fn main() {}
