//! Branches of a workflow that wait for each other and share its state.

use std::cell::Cell;

use durably::{
    prelude::*,
    replay::Replayer,
    workflow::{FutureSet, Lock, Semaphore},
};
use durably_tests::{World, on_both_servers};

#[activity(start_to_close = "10s")]
async fn echo(what: String) -> String {
    what
}

/// Uses its state from several branches at once.
#[derive(Default)]
struct Busy {
    n: usize,
    log: Vec<String>,
    todo: Vec<usize>,
}

#[workflow]
impl Busy {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(usize, Vec<String>)> {
        let a = async {
            ctx.sleep(millis(200)).await?;
            self.n += 1;
            self.log.push("a".into());
            Ok::<_, Error>(())
        };
        let b = async {
            ctx.sleep(millis(50)).await?;
            self.n += 10;
            self.log.push("b".into());
            Ok::<_, Error>(())
        };
        let ((x, y), z) = join(join(a, b), self.helper(ctx)).await;
        x?;
        y?;
        z?;
        self.todo.extend([1, 2]);
        while let Some(t) = self.todo.pop() {
            self.n += echo::call(ctx, "x".repeat(t)).await?.len();
            if t == 2 {
                ctx.wait_until(|| self.n >= 1013).await?;
            }
        }
        match race(ctx.wait_until(|| self.n > 5000), ctx.sleep(millis(20))).await {
            Either::First(_) => self.log.push("never".into()),
            Either::Second(_) => self.log.push("timer".into()),
        }
        if !ctx.wait_until(|| self.n > 5000).timeout(millis(10)).await? {
            self.log.push("timeout".into());
        }
        let words = ["p", "q", "r"];
        let echoed = join_all(words.iter().map(|word| echo::call(ctx, *word))).await;
        for word in echoed {
            self.log.push(word?);
        }
        Ok((self.n, self.log.clone()))
    }

    async fn helper(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(millis(400)).await?;
        self.n += 1000;
        self.log.push("helper".into());
        Ok(())
    }

    #[update]
    async fn slow_add(&mut self, ctx: &Ctx, n: usize) -> Result<usize> {
        ctx.sleep(millis(10)).await?;
        self.n += n;
        Ok(self.n)
    }

    #[query]
    fn n(&self) -> usize {
        self.n
    }
}

/// Withdraws one sum at a time, however many updates there are at once.
struct Account {
    cents: u64,
    withdrawals: Lock,
    open: bool,
}

#[workflow]
impl Account {
    #[init]
    fn new(cents: u64) -> Self {
        Self {
            cents,
            withdrawals: Lock::new(),
            open: true,
        }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        ctx.wait_until(|| !self.open && ctx.handlers_finished())
            .await?;
        Ok(self.cents)
    }

    #[update]
    async fn withdraw(&mut self, ctx: &Ctx, cents: u64) -> Result<u64> {
        let _one_at_a_time = self.withdrawals.acquire(ctx).await?;
        let before = self.cents;
        if cents > before {
            bail!("only {before} are left");
        }
        echo::call(ctx, cents.to_string()).await?;
        assert_eq!(self.cents, before, "nobody came in between");
        self.cents -= cents;
        Ok(self.cents)
    }

    #[signal]
    fn close(&mut self) {
        self.open = false;
    }
}

/// Uses all that waits for many, with at most three activities at once.
#[derive(Default)]
struct Many {
    running: u32,
    most: u32,
}

#[workflow]
impl Many {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(u32, Vec<usize>, usize, String)> {
        let all = try_join_all((0..20).map(|n| self.part(ctx, n)));
        let lengths = all.buffered(3).await?;
        let slots = Semaphore::new(3);
        let mut set = FutureSet::new();
        for n in 0..20 {
            let (slots, part) = (slots.clone(), self.part(ctx, n));
            set.push(async move {
                let _slot = slots.acquire(ctx).await?;
                part.await
            });
        }
        let mut sum = 0;
        while let Some(length) = set.join_next().await {
            sum += length?;
        }
        let id = ctx.uuid7();
        Ok((self.most, lengths, sum, id.to_string()))
    }

    async fn part(&mut self, ctx: &Ctx, n: usize) -> Result<usize> {
        self.running += 1;
        self.most = self.most.max(self.running);
        let echoed = echo::call(ctx, "x".repeat(n)).await?;
        self.running -= 1;
        Ok(echoed.len())
    }
}

const BRANCHES: u32 = 300;

/// Its branches wait for one of ten places, one half spawned, the other in a `join_all`.
#[derive(Default)]
struct Places {
    taken: u32,
    most: u32,
    order: Vec<u32>,
    /// How often the condition was evaluated; nothing is decided by it.
    evaluated: Cell<u32>,
}

#[workflow]
impl Places {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(u32, Vec<u32>)> {
        for n in 0..BRANCHES / 2 {
            let inner = ctx.clone();
            drop(ctx.spawn(async move { self.place(&inner, n).await }));
        }
        for done in join_all((BRANCHES / 2..BRANCHES).map(|n| self.place(ctx, n))).await {
            done?;
        }
        ctx.wait_until(|| self.taken == 0 && self.order.len() == BRANCHES as usize)
            .await?;
        Ok((self.most, self.order.clone()))
    }

    async fn place(&mut self, ctx: &Ctx, n: u32) -> Result<()> {
        ctx.wait_until(|| {
            self.evaluated.set(self.evaluated.get() + 1);
            self.taken < 10
        })
        .await?;
        self.taken += 1;
        self.most = self.most.max(self.taken);
        self.order.push(n);
        echo::call(ctx, n.to_string()).await?;
        self.taken -= 1;
        Ok(())
    }

    #[query]
    fn evaluated(&self) -> u32 {
        self.evaluated.get()
    }
}

on_both_servers! {
    branches_helpers_and_handlers_share_the_state
    many_branches_wait_for_a_place_and_take_turns
    many_branches_take_the_same_turns_in_each_replay
    a_lock_lets_handlers_run_one_after_the_other
    bounded_calls_locks_and_ids_replay
}

async fn a_lock_lets_handlers_run_one_after_the_other(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Account>()
        .activity::<echo>()
        .spawn()
        .await?;
    let account = Account::start(&world.client, 100)
        .task_queue(&world.queue)
        .await?;
    let withdrawals = (0..10).map(|_| account.withdraw(15).into_future());
    let left = futures::future::join_all(withdrawals).await;
    let mut left: Vec<u64> = left.into_iter().flatten().collect();
    left.sort_unstable();
    assert_eq!(left, [10, 25, 40, 55, 70, 85], "four came too late");
    account.close().await?;
    assert_eq!(account.result().await?, 10);
    worker.shutdown().await
}

async fn bounded_calls_locks_and_ids_replay(world: &World) -> Result<()> {
    // Without a cache, each task replays the run from its beginning.
    let worker = world
        .worker()
        .max_cached_workflows(0)
        .workflow::<Many>()
        .activity::<echo>()
        .spawn()
        .await?;
    let handle = Many::start(&world.client).task_queue(&world.queue).await?;
    let (most, lengths, sum, id) = handle.result().await?;
    assert_eq!(most, 3);
    assert_eq!(lengths, (0..20).collect::<Vec<_>>());
    assert_eq!(sum, 190);
    assert_eq!(&id[14..15], "7", "{id}");
    let history = handle.history().await?;
    Replayer::new().workflow::<Many>().replay(history)?;
    worker.shutdown().await
}

async fn many_branches_wait_for_a_place_and_take_turns(world: &World) -> Result<()> {
    take_turns(world, world.worker()).await
}

async fn many_branches_take_the_same_turns_in_each_replay(world: &World) -> Result<()> {
    take_turns(world, world.worker().max_cached_workflows(0)).await
}

async fn take_turns(world: &World, worker: Worker) -> Result<()> {
    let worker = worker
        .workflow::<Places>()
        .activity::<echo>()
        .spawn()
        .await?;
    let handle = Places::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let (most, order) = handle.result().await?;
    assert_eq!((most, order.len()), (10, BRANCHES as usize));
    // The joined branches look when all else is quiet; each half keeps its order.
    let (spawned, joined): (Vec<u32>, Vec<u32>) = order.iter().partition(|n| **n < BRANCHES / 2);
    assert!(spawned.is_sorted() && joined.is_sorted(), "{order:?}");
    // If each change evaluated every branch's condition, it would be 600 times a branch.
    let evaluated = handle.evaluated().await?;
    assert!(evaluated < 200 * BRANCHES, "{evaluated}");
    let history = handle.history().await?;
    assert!(!history.to_string().contains("WorkflowTaskFailed"));
    Replayer::new().workflow::<Places>().replay(history)?;
    worker.shutdown().await
}

async fn branches_helpers_and_handlers_share_the_state(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Busy>()
        .activity::<echo>()
        .spawn()
        .await?;
    let handle = Busy::start(&world.client).task_queue(&world.queue).await?;
    handle.slow_add(0).await?;
    handle.n().await?;
    let (n, log) = handle.result().await?;
    assert_eq!(n, 1014);
    // A slow server may fire the first two timers in one workflow task; branches are then polled
    // in the order they are written.
    let log = log.join(" ").replacen("a b", "b a", 1);
    assert_eq!(log, "b a helper timer timeout p q r");
    worker.shutdown().await
}
