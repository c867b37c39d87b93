//! An activity with a `&str` argument, called and registered elsewhere.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: &str, times: u32) -> String {
    name.repeat(times as usize)
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(greet::call(ctx, "Ada", 2).await?)
    }
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "greetings").workflow::<Greeting>().activity::<greet>()
}

fn main() {}
