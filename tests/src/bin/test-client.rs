//! Runs the workflow `echo` on the server that temporal.toml and the variables name, on the task queue of
//! `ECHO_QUEUE`, as `rust-` and its name, and prints its result. `ECHO_PROFILE` is a profile that the program names itself.

use durably::{Client, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let queue = std::env::var("ECHO_QUEUE")?;
    let client = match std::env::var("ECHO_PROFILE") {
        Ok(profile) => Client::from_profile(&profile).await?,
        Err(_) => Client::from_env().await?,
    };
    let echo = client
        .start("echo", ("configured",))
        .id(format!("rust-{queue}"));
    let echo = echo.task_queue(queue);
    let said: String = echo.result().await?;
    println!("{said}");
    Ok(())
}
