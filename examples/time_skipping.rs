//! Four weeks in milliseconds: a server whose clock skips ahead while a client awaits a result, and when
//! the test moves it.
//!
//! `cargo run --example time_skipping`
//!
//! Workflows that wait for days are tested like this. It always runs on the embedded server: the clock of a
//! Temporal server cannot skip.

use std::time::Instant;

use durably::prelude::*;

/// Sends one reminder.
#[activity(start_to_close = "10s")]
async fn remind(who: String, day: u32) {
    println!("day {day:2}  dear {who}, please pay");
}

/// Reminds somebody once a week, and gives up after four.
#[derive(Default)]
struct Dunning {
    paid: bool,
}

#[workflow(task_queue = "dunning")]
impl Dunning {
    #[run]
    async fn run(&mut self, ctx: &Ctx, who: String) -> Result<String> {
        for week in 1..=4 {
            if ctx.wait_until(|| self.paid).timeout(days(7)).await? {
                return Ok(format!("paid in week {week}"));
            }
            remind::call(ctx, &who, week * 7).await?;
        }
        Ok("never paid".to_owned())
    }

    #[signal]
    fn pay(&mut self) {
        self.paid = true;
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let server = durably::Server::builder().skip_time().start().await?;
    let client = server.client().await?;
    let worker = Worker::new(&client, "dunning")
        .workflow::<Dunning>()
        .activity::<remind>()
        .spawn()
        .await?;

    let begun = Instant::now();
    let bob = Dunning::start(&client, "Bob").await?;
    assert_eq!(bob.result().await?, "never paid");
    println!("four weeks took {} ms", begun.elapsed().as_millis());

    // Nothing else moves the clock, so it stops on the eighth day.
    let alice = Dunning::start(&client, "Alice").await?;
    server.advance(days(8)).await?;
    println!("it is {}, and Alice pays", server.now());
    alice.pay().await?;
    assert_eq!(alice.result().await?, "paid in week 2");

    println!("\n{}", bob.history().await?);
    worker.shutdown().await?;
    server.shutdown().await;
    Ok(())
}
