//! Runs the workflow `echo` on the server that temporal.toml and the variables name, on the task queue of
//! `ECHO_QUEUE`, and prints its result.

use durably::{Client, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let queue = std::env::var("ECHO_QUEUE")?;
    let client = Client::from_env().await?;
    let echo = client.start("echo", ("configured",)).task_queue(queue);
    let said: String = echo.result().await?;
    println!("{said}");
    Ok(())
}
