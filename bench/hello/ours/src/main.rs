//! Hello world: what a newcomer's first cold build compiles.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

#[derive(Default)]
struct Hello;

#[workflow]
impl Hello {
    #[run]
    async fn run(&mut self, ctx: &Ctx, name: String) -> Result<String> {
        Ok(greet::call(ctx, name).await?)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::connect("localhost:7233").await?;
    let worker = Worker::new(&client, "hello")
        .workflow::<Hello>()
        .activity::<greet>()
        .spawn()
        .await?;
    let greeting = Hello::start(&client, "world")
        .task_queue("hello")
        .result()
        .await?;
    println!("{greeting}");
    worker.shutdown().await
}
