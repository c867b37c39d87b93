//! Branches of a workflow that wait for each other and share its state.

use std::cell::Cell;

use durably::{prelude::*, replay::Replayer};
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
