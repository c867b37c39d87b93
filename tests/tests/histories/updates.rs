//! Updates: accepted, rejected, completed, failed, repeated, with a start, at the end of a run.

use durably::prelude::*;
use durably_tests::{recording::Recording, same_on_both_servers};

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn send(to: String, cents: u64) -> Result<String> {
    match to.as_str() {
        "nobody" => Err(AppError::new("NoAccount", "no such account")
            .details(to)
            .into()),
        _ => Ok(format!("{cents} to {to}")),
    }
}

#[derive(Default)]
struct Account {
    balance: u64,
    closed: bool,
    cut_off: bool,
}

#[workflow]
impl Account {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        ctx.wait_until(|| self.closed).await?;
        if !self.cut_off {
            ctx.wait_until(|| ctx.handlers_finished()).await?;
        }
        Ok(self.balance)
    }

    #[update(validator = check)]
    fn deposit(&mut self, cents: u64) -> u64 {
        self.balance += cents;
        self.balance
    }

    fn check(&self, cents: &u64) -> Result<(), AppError> {
        match cents {
            0 => Err(AppError::new("Nothing", "nothing to deposit").details(*cents)),
            _ => Ok(()),
        }
    }

    #[update(name = "A transfer")]
    async fn transfer(&mut self, ctx: &Ctx, to: String, cents: u64) -> Result<u64> {
        send::call(ctx, to, cents).await?;
        self.balance = self.balance.saturating_sub(cents);
        Ok(self.balance)
    }

    #[update(unfinished = "abandon")]
    async fn wait(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.sleep(hours(1)).await?)
    }

    #[update]
    fn nothing(&mut self) {}

    #[signal]
    fn close(&mut self, cut_off: bool) {
        self.closed = true;
        self.cut_off = cut_off;
    }

    #[query]
    fn balance(&self) -> u64 {
        self.balance
    }
}

fn worker(cx: &Recording) -> Worker {
    let worker = cx.world.worker().workflow::<Account>();
    worker.activity::<send>()
}

async fn open(cx: &mut Recording) -> Result<Handle<Account>> {
    let id = cx.name("account");
    let start = Account::start(cx.client()).id(id);
    let account = start.task_queue(cx.queue()).await?;
    cx.follow("account", &account.untyped());
    Ok(account)
}

same_on_both_servers! {
    updates_are_accepted_and_completed
    updates_before_the_first_task
    updates_are_rejected
    updates_fail
    one_id_is_one_update
    updates_that_the_end_cuts_off
    update_with_start_starts_and_then_updates
}

async fn updates_are_accepted_and_completed(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let account = open(cx).await?;
    cx.idle(account.id()).await;
    cx.note("a deposit", account.deposit(100).await?);
    account.nothing().await?;
    let transfer = account.transfer("bob", 30).accepted().await?;
    cx.note("a transfer", transfer.result().await?);
    cx.idle(account.id()).await;
    account.close(false).await?;
    cx.note("the result", account.result().await?);
    let late = account.deposit(1).await.expect_err("it is closed");
    cx.note("an update of a closed run", late);
    worker.shutdown().await
}

async fn updates_before_the_first_task(cx: &mut Recording) -> Result<()> {
    let account = open(cx).await?;
    let deposit = account.deposit(5);
    let deposit = tokio::spawn(async move { deposit.id("early").await });
    // It is held in memory, so nothing tells that it has arrived.
    tokio::time::sleep(millis(300)).await;
    cx.describe("before a worker comes", account.id()).await?;
    let worker = worker(cx).spawn().await?;
    cx.note("a deposit", deposit.await??);
    account.close(false).await?;
    account.result().await?;
    worker.shutdown().await
}

async fn updates_are_rejected(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let account = open(cx).await?;
    cx.idle(account.id()).await;
    let error = account
        .deposit(0)
        .await
        .expect_err("the validator refuses it");
    cx.note("by the validator", error);
    account.deposit(1).await?;
    let error = account
        .deposit(0)
        .await
        .expect_err("the validator refuses it");
    cx.note("by the validator again", error);
    let unknown = account.untyped().update::<u64>("depsit", (1,)).await;
    cx.note("unknown", unknown.expect_err("there is none"));
    let wrong = account.untyped().update::<u64>("deposit", ("much",)).await;
    cx.note("undecodable", wrong.expect_err("it is not a number"));
    account.close(false).await?;
    account.result().await?;
    worker.shutdown().await
}

async fn updates_fail(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let account = open(cx).await?;
    cx.idle(account.id()).await;
    let error = account.transfer("nobody", 1).await.expect_err("it fails");
    cx.note("the error", error);
    account.close(false).await?;
    account.result().await?;
    worker.shutdown().await
}

async fn one_id_is_one_update(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let account = open(cx).await?;
    cx.idle(account.id()).await;
    for _ in 0..2 {
        cx.note("a deposit", account.deposit(10).id("once").await?);
    }
    account.close(false).await?;
    cx.note("the result", account.result().await?);
    let again = account
        .untyped()
        .update_handle::<u64>("once")
        .result()
        .await;
    cx.note("after the end", again?);
    worker.shutdown().await
}

async fn updates_that_the_end_cuts_off(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let account = open(cx).await?;
    cx.idle(account.id()).await;
    let waits = account.wait().accepted().await?;
    cx.idle(account.id()).await;
    cx.describe("while it runs", account.id()).await?;
    account.close(true).await?;
    cx.note("the result", account.result().await?);
    let error = waits.result().await.expect_err("the run has ended");
    cx.note("the error", error);
    worker.shutdown().await
}

async fn update_with_start_starts_and_then_updates(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("account");
    let start = |cx: &Recording| {
        let start = Account::start(cx.client()).id(&id);
        start.task_queue(cx.queue()).memo("owner", "bob")
    };
    let (account, deposit) = start(cx).with_update(|it| it.deposit(10)).await?;
    cx.follow("account", &account.untyped());
    cx.note("the first deposit", deposit.result().await?);
    let (_, deposit) = start(cx).with_update(|it| it.deposit(10)).await?;
    cx.note("the second deposit", deposit.result().await?);
    cx.idle(&id).await;
    let rejected = start(cx).with_update(|it| it.deposit(0)).await;
    let rejected = match rejected {
        Ok((_, update)) => Error::from(update.result().await.expect_err("it is refused")),
        Err(error) => Error::from(error),
    };
    cx.note("a rejected one", rejected);
    account.close(false).await?;
    cx.note("the result", account.result().await?);
    worker.shutdown().await
}
