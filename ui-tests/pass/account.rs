//! An entity: updates with a validator, an async update, continue-as-new.
#![deny(warnings)]

use durably::prelude::*;

#[activity(start_to_close = "30s")]
pub async fn send_money(to: String, cents: u64) -> Result<()> {
    if to == "nobody" {
        bail!("no such account: {to} ({cents} cents)");
    }
    Ok(())
}

#[durably::data]
#[derive(Clone, Default)]
pub struct Account {
    balance: u64,
    changes: u32,
    closed: bool,
}

#[workflow(task_queue = "accounts")]
impl Account {
    #[init]
    fn new(state: Account) -> Self {
        state
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        ctx.wait_until(|| self.closed || self.changes >= 3).await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        if self.closed {
            return Ok(self.balance);
        }
        Self::continue_as_new(Account {
            changes: 0,
            ..self.clone()
        })
        .into()
    }

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

    /// Moves money out; the amount is held while the transfer runs.
    #[update]
    async fn transfer(&mut self, ctx: &Ctx, to: String, cents: u64) -> Result<u64> {
        if self.balance < cents {
            bail!("insufficient funds: {}", self.balance);
        }
        self.balance -= cents;
        if let Err(e) = send_money::call(ctx, to, cents).await {
            self.balance += cents;
            return Err(e.into());
        }
        self.changes += 1;
        Ok(self.balance)
    }

    #[query]
    fn balance(&self) -> u64 {
        self.balance
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}

pub async fn worker() -> Result<()> {
    let client = Client::connect("http://localhost:7233").await?;
    Worker::new(&client, "accounts")
        .workflow::<Account>()
        .activity::<send_money>()
        .run()
        .await?;
    Ok(())
}

pub async fn client() -> Result<()> {
    let client = Client::connect("http://localhost:7233").await?;
    let handle = Account::start(&client, Account::default())
        .id("acc-1")
        .await?;
    handle.deposit(100).await?;
    let update = handle.transfer("bob", 30).accepted().await?;
    println!("{}", update.result().await?);
    handle.close().await?;
    println!("{}", handle.result().await?);
    Ok(())
}

fn main() {}
