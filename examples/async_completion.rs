//! An expense that a manager approves: the activity ends at once, and is completed days later by the program
//! that gets the answer, which runs no worker.
//!
//! `cargo run --example async_completion`

use durably::{Bytes, prelude::*};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// A request for approval, with what names the waiting activity.
struct Request {
    question: String,
    task_token: Bytes,
}

/// Sends requests to a manager; in a real program by mail, with the token in a link.
struct Office {
    mailbox: UnboundedSender<Request>,
}

#[activities]
impl Office {
    /// Returns whether the manager approves.
    #[activity(start_to_close = "30d")]
    async fn ask_manager(&self, ctx: &ActivityCtx, question: String) -> Result<bool> {
        let task_token = ctx.task_token();
        let request = Request {
            question,
            task_token,
        };
        if self.mailbox.send(request).is_err() {
            bail!("the manager has left");
        }
        // The function ends here, and needs no worker any more; the activity goes on.
        ctx.complete_later().into()
    }
}

#[derive(Default)]
struct Expense;

#[workflow(task_queue = "expenses")]
impl Expense {
    #[run]
    async fn run(&mut self, ctx: &Ctx, what: String, cents: u64) -> Result<String> {
        let office = Office::stub(ctx).retry(Retry::attempts(1));
        let question = format!("{what} for {cents} cents?");
        Ok(match office.ask_manager(question).await {
            Ok(true) => format!("{what}: paid"),
            Ok(false) => format!("{what}: not paid"),
            Err(error) => format!("{what}: {error}"),
        })
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let (mailbox, mut requests) = unbounded_channel();
    let worker = Worker::new(&client, "expenses")
        .workflow::<Expense>()
        .activities(Office { mailbox })
        .spawn()
        .await?;

    for (what, cents) in [("train", 4_900), ("yacht", 90_000_000), ("gold", 1)] {
        let expense = Expense::start(&client, what, cents).await?;
        let Some(request) = requests.recv().await else {
            break;
        };
        println!("{}", request.question);
        // Any program with a client and the token can do this.
        let activity = client.activity_by_token(request.task_token);
        match what {
            "train" => activity.complete(true).await?,
            "yacht" => activity.complete(false).await?,
            _ => activity.fail(Error::message("is that a joke?")).await?,
        }
        println!("  {}", expense.result().await?);
    }
    worker.shutdown().await
}
