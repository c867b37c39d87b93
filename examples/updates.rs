//! An account: updates that change the balance and return it, a validator that rejects them, and
//! continue-as-new before the history grows long.
//!
//! `cargo run --example updates`

use durably::{error::UpdateError, prelude::*};

/// Moves money to somebody else's account.
#[activity(start_to_close = "10s", max_attempts = 2)]
async fn send_money(to: String, cents: u64) -> Result<()> {
    if to == "nobody" {
        bail!("nobody has no account for {cents} cents");
    }
    Ok(())
}

#[durably::data]
#[derive(Clone, Default)]
struct Account {
    balance: u64,
    changes: u32,
    closed: bool,
}

#[workflow(task_queue = "accounts")]
impl Account {
    #[init]
    fn new(account: Self) -> Self {
        account
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        ctx.wait_until(|| self.closed || self.changes >= 3).await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        if self.closed {
            return Ok(self.balance);
        }
        // A new run with an empty history; the workflow id stays.
        let next = Self {
            changes: 0,
            ..self.clone()
        };
        Self::continue_as_new(next).into()
    }

    /// Adds money, and returns the balance.
    #[update(validator = check_deposit)]
    fn deposit(&mut self, cents: u64) -> u64 {
        self.balance += cents;
        self.changes += 1;
        self.balance
    }

    fn check_deposit(&self, cents: &u64) -> Result<(), &'static str> {
        if *cents == 0 {
            Err("nothing to deposit")
        } else {
            Ok(())
        }
    }

    /// Sends money. The amount is deducted before the activity runs, and added again if it fails.
    #[update]
    async fn transfer(&mut self, ctx: &Ctx, to: String, cents: u64) -> Result<u64> {
        if self.balance < cents {
            bail!("only {} cents", self.balance);
        }
        self.balance -= cents;
        if let Err(error) = send_money::call(ctx, to, cents).await {
            self.balance += cents;
            return Err(error.into());
        }
        self.changes += 1;
        Ok(self.balance)
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "accounts")
        .workflow::<Account>()
        .activity::<send_money>()
        .spawn()
        .await?;

    let account = Account::start(&client, Account::default()).await?;
    println!("deposit 100     {}", account.deposit(100).await?);
    // A rejection by the validator is the caller's mistake, an error of the handler the workflow's: a web
    // service answers 422 and 500.
    if let Err(UpdateError::Rejected(rejected)) = account.deposit(0).await {
        println!("deposit 0       {rejected}");
    }
    if let Err(UpdateError::Failed(failed)) = account.transfer("nobody", 10).await {
        println!("transfer 10     {failed}");
    }
    println!("transfer 30     {}", account.transfer("Bob", 30).await?);

    // Waits until the update is accepted only; its result is fetched later.
    let update = account.deposit(5).accepted().await?;
    println!("deposit 5       {}", update.result().await?);

    account.close().await?;
    println!("balance         {}", account.result().await?);
    worker.shutdown().await
}
