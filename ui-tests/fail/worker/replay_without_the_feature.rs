//! `durably::replay` without the feature `replay`.

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
    let text = String::from("{}");
    let history = durably::replay::History::from_json(&text)?;
    drop(history);
    Ok(())
}

fn main() {}
