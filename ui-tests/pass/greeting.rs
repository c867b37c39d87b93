//! The first program of the guide: signals, a query, an activity, a durable condition.
#![deny(warnings)]

use durably::prelude::*;

#[activity(start_to_close = "10s")]
pub async fn greet(greeting: String, name: String) -> String {
    format!("{greeting}, {name}!")
}

#[derive(Default)]
pub struct Greeting {
    names: Vec<String>,
    greetings: Vec<String>,
    finished: bool,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<Vec<String>> {
        loop {
            ctx.wait_until(|| self.finished || !self.names.is_empty())
                .await?;
            let Some(name) = self.names.pop() else {
                return Ok(self.greetings.clone());
            };
            self.greetings
                .push(greet::call(ctx, &greeting, name).await?);
        }
    }

    /// Ask for one more person to be greeted.
    #[signal]
    fn submit_greeting(&mut self, name: String) {
        self.names.push(name);
    }

    #[signal]
    fn finish(&mut self) {
        self.finished = true;
    }

    #[query]
    fn greetings(&self) -> Vec<String> {
        self.greetings.clone()
    }
}

pub async fn worker() -> Result<()> {
    let client = Client::connect("http://localhost:7233").await?;
    Worker::new(&client, "greetings")
        .workflow::<Greeting>()
        .activity::<greet>()
        .run()
        .await?;
    Ok(())
}

pub async fn client() -> Result<()> {
    let client = Client::connect("http://localhost:7233").await?;
    let handle = Greeting::start(&client, "Hello")
        .id("greeting-1")
        .task_queue("greetings")
        .await?;
    handle.submit_greeting("Bob").await?;
    println!("{:?}", handle.greetings().await?);
    handle.finish().await?;
    println!("{:?}", handle.result().await?);
    Ok(())
}

fn main() {}
