//! Updates: results, rejections, failures, restarts and update-with-start.

use durably::{
    error::{UpdateError, UpdateWithStartError},
    prelude::*,
};
use durably_tests::{World, on_both_servers, unique};

/// An account as in the surface's third sample.
#[durably::data]
#[derive(Clone, Default)]
struct Account {
    balance: u64,
    closed: bool,
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn send(to: String, cents: u64) -> Result<String> {
    if to == "nobody" {
        bail!("no such account: {to}");
    }
    Ok(format!("{cents} to {to}"))
}

#[workflow]
impl Account {
    #[init]
    fn new(account: Self) -> Self {
        account
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        ctx.wait_until(|| self.closed).await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        Ok(self.balance)
    }

    #[update(validator = check_deposit)]
    fn deposit(&mut self, cents: u64) -> u64 {
        self.balance += cents;
        self.balance
    }

    fn check_deposit(&self, cents: &u64) -> Result<(), &'static str> {
        if *cents == 0 {
            Err("nothing to deposit")
        } else {
            Ok(())
        }
    }

    #[update]
    async fn transfer(&mut self, ctx: &Ctx, to: String, cents: u64) -> Result<u64> {
        self.balance -= cents;
        if let Err(error) = send::call(ctx, to, cents).await {
            self.balance += cents;
            return Err(error.into());
        }
        Ok(self.balance)
    }

    #[update]
    fn withdraw(&mut self, cents: u64) -> Result<u64> {
        let Some(left) = self.balance.checked_sub(cents) else {
            return Err(
                AppError::new("UpdateRejected", "a handler may call its error so, too").into(),
            );
        };
        self.balance = left;
        Ok(left)
    }

    #[update]
    async fn await_the_end(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(hours(1)).await?;
        Ok(())
    }

    #[signal]
    fn end_at_once(&mut self) -> Result<()> {
        bail!("ended at once")
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn balance(&self) -> u64 {
        self.balance
    }
}

on_both_servers! {
    sync_and_async_updates_return_their_values
    a_rejecting_validator_leaves_no_event
    a_failing_update_gives_its_cause_and_the_run_goes_on
    one_update_id_is_one_update
    an_accepted_update_can_be_awaited_later
    updates_survive_a_worker_restart
    an_unknown_update_is_rejected
    update_with_start_starts_once_and_updates_each_time
    a_rejected_update_and_a_failed_one_are_told_apart
    an_accepted_update_whose_handler_fails_gives_its_handle_first
    an_update_with_start_tells_a_rejection_from_a_failure
    an_update_that_the_run_ends_before_its_handler_failed
    an_update_that_failed_as_its_run_continued_as_new_has_failed
}

async fn open(world: &World) -> Result<(Handle<Account>, durably::worker::WorkerGuard)> {
    let worker = world
        .worker()
        .workflow::<Account>()
        .activity::<send>()
        .spawn()
        .await?;
    let handle = Account::start(&world.client, Account::default())
        .id(unique("account"))
        .task_queue(&world.queue)
        .await?;
    Ok((handle, worker))
}

async fn sync_and_async_updates_return_their_values(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    assert_eq!(account.deposit(100).await?, 100);
    assert_eq!(account.transfer("bob", 30).await?, 70);
    assert_eq!(account.balance().await?, 70);
    account.close().await?;
    assert_eq!(account.result().await?, 70);
    worker.shutdown().await
}

async fn a_rejecting_validator_leaves_no_event(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    account.deposit(1).await?;
    let before = account.history().await?.len();
    let error = account.deposit(0).await.unwrap_err().to_string();
    assert!(error.contains("nothing to deposit"), "{error}");
    assert_eq!(account.history().await?.len(), before);
    account.close().await?;
    assert_eq!(account.result().await?, 1);
    worker.shutdown().await
}

async fn a_failing_update_gives_its_cause_and_the_run_goes_on(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    account.deposit(50).await?;
    let error = account.transfer("nobody", 20).await.unwrap_err();
    assert!(
        format!("{error:?}").contains("no such account: nobody"),
        "{error:?}"
    );
    assert_eq!(account.balance().await?, 50);
    account.close().await?;
    assert_eq!(account.result().await?, 50);
    worker.shutdown().await
}

async fn one_update_id_is_one_update(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    assert_eq!(account.deposit(10).id("once").await?, 10);
    assert_eq!(account.deposit(10).id("once").await?, 10);
    assert_eq!(account.balance().await?, 10);
    account.close().await?;
    worker.shutdown().await
}

async fn an_accepted_update_can_be_awaited_later(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    account.deposit(100).await?;
    let update = account.transfer("bob", 60).accepted().await?;
    account.close().await?;
    assert_eq!(update.result().await?, 40);
    assert_eq!(account.result().await?, 40);
    worker.shutdown().await
}

async fn updates_survive_a_worker_restart(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    account.deposit(5).await?;
    account.deposit(6).await?;
    worker.shutdown().await?;
    let worker = world
        .worker()
        .workflow::<Account>()
        .activity::<send>()
        .spawn()
        .await?;
    assert_eq!(account.deposit(7).await?, 18);
    account.close().await?;
    assert_eq!(account.result().await?, 18);
    worker.shutdown().await
}

async fn an_unknown_update_is_rejected(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    let error = world
        .client
        .handle(account.id())
        .update::<u64>("depsit", (1,))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("depsit") && error.contains("deposit"),
        "{error}"
    );
    account.close().await?;
    worker.shutdown().await
}

async fn update_with_start_starts_once_and_updates_each_time(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Account>()
        .activity::<send>()
        .spawn()
        .await?;
    let id = unique("account");
    for expected in [10, 20] {
        let (_, deposit) = Account::start(&world.client, Account::default())
            .id(&id)
            .task_queue(&world.queue)
            .with_update(|account| account.deposit(10))
            .await?;
        assert_eq!(deposit.result().await?, expected);
    }
    let account = Account::handle(&world.client, &id);
    account.close().await?;
    assert_eq!(account.result().await?, 20);
    worker.shutdown().await
}

/// What became of an update that gave no result, and why.
fn verdict(error: &UpdateError) -> (&'static str, String) {
    let app = error.app().expect("the workflow says why");
    let why = format!("{}: {}", app.kind, app.message);
    match error {
        UpdateError::Rejected(_) => ("rejected", why),
        UpdateError::Failed(_) => ("failed", why),
        other => panic!("{other:?}"),
    }
}

async fn a_rejected_update_and_a_failed_one_are_told_apart(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    let untyped = world.client.handle(account.id());
    let cases = [
        // The validator refuses it.
        (account.deposit(0).await, "rejected", "nothing to deposit"),
        // There is no such update.
        (
            untyped.update::<u64>("depsit", (1,)).await,
            "rejected",
            "depsit",
        ),
        // The arguments do not decode.
        (
            untyped.update::<u64>("deposit", ("one",)).await,
            "rejected",
            "argument 1 `cents`",
        ),
        // The handler fails in the task that accepts the update, and calls its error as it likes.
        (
            account.withdraw(1).await,
            "failed",
            "UpdateRejected: a handler may call its error so, too",
        ),
        // The handler fails in a later task.
        (
            account.transfer("nobody", 0).await,
            "failed",
            "no such account",
        ),
    ];
    for (answer, expected, why) in cases {
        let error = answer.unwrap_err();
        let (what, text) = verdict(&error);
        assert_eq!(what, expected, "{error:?}");
        assert!(text.contains(why), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    account.close().await?;
    account.result().await?;

    // The server knows of a closed run's updates, too.
    account.deposit(1).id("too late").await.unwrap_err();
    worker.shutdown().await
}

async fn an_accepted_update_whose_handler_fails_gives_its_handle_first(
    world: &World,
) -> Result<()> {
    let (account, worker) = open(world).await?;
    let refused = account.deposit(0).id("refused").accepted().await;
    assert_eq!(verdict(&refused.unwrap_err()).0, "rejected");

    let at_once = account.withdraw(1).id("at-once").accepted().await?;
    let later = account.transfer("nobody", 0).id("later").accepted().await?;
    for update in [&at_once, &later] {
        for _ in 0..2 {
            assert_eq!(verdict(&update.result().await.unwrap_err()).0, "failed");
        }
    }
    for id in ["at-once", "later"] {
        let attached = account.untyped().update_handle::<u64>(id);
        assert_eq!(verdict(&attached.result().await.unwrap_err()).0, "failed");
    }
    account.close().await?;
    account.result().await?;
    for id in ["at-once", "later"] {
        let attached = account.untyped().update_handle::<u64>(id);
        assert_eq!(verdict(&attached.result().await.unwrap_err()).0, "failed");
    }
    worker.shutdown().await
}

async fn an_update_with_start_tells_a_rejection_from_a_failure(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Account>()
        .activity::<send>()
        .spawn()
        .await?;
    let start = || {
        Account::start(&world.client, Account::default())
            .id(unique("account"))
            .task_queue(&world.queue)
    };
    let rejected = start().with_update(|account| account.deposit(0)).await;
    let Err(UpdateWithStartError::Update(error)) = rejected else {
        panic!("{rejected:?}");
    };
    assert_eq!(verdict(&error).0, "rejected");

    let (account, withdrawal) = start().with_update(|account| account.withdraw(1)).await?;
    let error = withdrawal.result().await.unwrap_err();
    assert_eq!(verdict(&error).0, "failed");
    account.close().await?;
    account.result().await?;
    worker.shutdown().await
}

async fn an_update_that_the_run_ends_before_its_handler_failed(world: &World) -> Result<()> {
    let (account, worker) = open(world).await?;
    let waiting = tokio::spawn(account.await_the_end().id("unfinished"));
    let untyped = account.untyped();
    durably_tests::eventually("the update is accepted", || async {
        let history = account.history().await.ok()?.to_string();
        history.contains("UpdateAccepted").then_some(())
    })
    .await;
    account.end_at_once().await?;
    let error = waiting.await.expect("it does not panic").unwrap_err();
    assert_eq!(verdict(&error).0, "failed", "{error:?}");
    let attached = untyped.update_handle::<()>("unfinished");
    let error = attached.result().await.unwrap_err();
    assert_eq!(verdict(&error).0, "failed", "{error:?}");
    worker.shutdown().await
}

/// An account whose number changes: the next run knows nothing of the updates of this one.
#[derive(Default)]
struct Renumbered {
    moved: bool,
}

#[workflow]
impl Renumbered {
    #[run]
    async fn run(&mut self, ctx: &Ctx, number: u32) -> Result<()> {
        ctx.wait_until(|| self.moved && ctx.handlers_finished())
            .await?;
        Self::continue_as_new(number + 1).into()
    }

    #[update]
    async fn find(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.moved).await?;
        bail!("it has another number")
    }

    #[signal]
    fn renumber(&mut self) {
        self.moved = true;
    }

    #[query]
    fn moved(&self) -> bool {
        self.moved
    }
}

async fn an_update_that_failed_as_its_run_continued_as_new_has_failed(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Renumbered>().spawn().await?;
    let account = Renumbered::start(&world.client, 1)
        .task_queue(&world.queue)
        .await?;
    let update = account.find().id("find").accepted().await?;
    let attached = account.untyped().update_handle::<u32>("find");
    let mut attached = std::pin::pin!(attached.result());
    // The poll is at the server before the query that is sent after it returns from the worker.
    tokio::select! {
        biased;
        early = &mut attached => panic!("the handler waits: {early:?}"),
        moved = account.moved() => assert!(!moved?),
    }
    account.renumber().await?;
    for result in [update.result().await, attached.await] {
        let error = result.unwrap_err();
        assert_eq!(verdict(&error).0, "failed", "{error:?}");
    }
    account.terminate("seen").await?;
    worker.shutdown().await
}
