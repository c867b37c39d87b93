//! A greeting: signals, a query, an activity that is retried, a timer, the result and the history.
//!
//! `cargo run --example greeting` runs it on the embedded server, with nothing installed;
//! `TEMPORAL_ADDRESS=localhost:7233 cargo run --example greeting` runs it unchanged on a Temporal
//! server.

use durably::prelude::*;

/// Greets one person; the first two attempts fail.
#[activity(start_to_close = "10s")]
async fn greet(ctx: &ActivityCtx, greeting: String, name: String) -> Result<String> {
    if ctx.attempt() < 3 {
        bail!("the greeter is asleep (attempt {})", ctx.attempt());
    }
    Ok(format!("{greeting}, {name}!"))
}

/// Greets each submitted name, until it receives the signal to finish.
#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    greetings: Vec<String>,
    finished: bool,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, greeting: String) -> Result<Vec<String>> {
        let retry = Retry::attempts(3).initial_interval(millis(200));
        loop {
            ctx.wait_until(|| self.finished || !self.names.is_empty())
                .await?;
            let Some(name) = self.names.pop() else {
                ctx.sleep(secs(1)).await?;
                return Ok(self.greetings.clone());
            };
            self.greetings.push(
                greet::call(ctx, &greeting, name)
                    .retry(retry.clone())
                    .await?,
            );
        }
    }

    /// Requests a greeting for one more person.
    #[signal]
    fn submit_greeting(&mut self, name: String) {
        self.names.push(name);
    }

    /// Ends the workflow after the greetings that were requested before.
    #[signal(name = "Finish Politely")]
    fn finish(&mut self) {
        self.finished = true;
    }

    /// The greetings so far.
    #[query]
    fn greetings(&self) -> Vec<String> {
        self.greetings.clone()
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "greetings")
        .workflow::<Greeting>()
        .activity::<greet>()
        .spawn()
        .await?;

    let handle = Greeting::start(&client, "Hello")
        .task_queue("greetings")
        .await?;
    println!("started  {}", handle.id());

    handle.submit_greeting("Bob").await?;
    while handle.greetings().await?.is_empty() {
        tokio::time::sleep(millis(100)).await;
    }
    println!("query    {:?}", handle.greetings().await?);

    handle.submit_greeting("Alice").await?;
    handle.finish().await?;
    println!("result   {:?}", handle.result().await?);
    println!("\n{}", handle.history().await?);

    worker.shutdown().await
}
