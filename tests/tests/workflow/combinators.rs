//! Whatever futures a workflow combines, and however: all wakes come from inside the run, and none
//! is taken for a foreign one. Each way runs from the cache, and replayed for each of its tasks.

use durably::prelude::*;
use durably_tests::{World, eventually, on_both_servers};
use futures::{
    FutureExt as _, SinkExt as _, StreamExt as _, TryStreamExt as _,
    channel::{mpsc, oneshot},
    future,
    stream::{self, FuturesOrdered, FuturesUnordered},
};

#[activity(start_to_close = "10s")]
async fn double(n: u32) -> u32 {
    n * 2
}

/// Sleeps a while, and calls an activity.
async fn slow(ctx: &Ctx, n: u32) -> Result<u32> {
    ctx.sleep(millis(u64::from(n % 3) * 10 + 1)).await?;
    Ok(double::call(ctx, n).await?)
}

const WAYS: [&str; 21] = [
    "join_all",
    "join_all of many",
    "try_join_all",
    "select_all",
    "FuturesUnordered",
    "FuturesOrdered",
    "buffered",
    "buffer_unordered",
    "try_for_each_concurrent",
    "shared",
    "abortable",
    "select_biased!",
    "oneshot",
    "mpsc with back pressure",
    "lock",
    "tokio oneshot",
    "tokio mpsc",
    "tokio notify and semaphore",
    "spawned",
    "spawned and channel",
    "nested",
];

/// Ten, in this way.
async fn ten(ctx: &Ctx, way: &str) -> Result<u32> {
    let each = || (1..=4).map(|n| slow(ctx, n));
    let half_of = |all: Vec<u32>| all.iter().sum::<u32>() / 2;
    let all = match way {
        "join_all" => future::join_all(each())
            .await
            .into_iter()
            .collect::<Result<Vec<_>>>()?,
        "join_all of many" => {
            let all = future::join_all((1..=40).map(|n| slow(ctx, n))).await;
            let all = all.into_iter().collect::<Result<Vec<_>>>()?;
            all.into_iter().take(4).collect()
        }
        "try_join_all" => future::try_join_all(each()).await?,
        "select_all" => {
            let mut left: Vec<_> = each().map(Box::pin).collect();
            let mut all = Vec::new();
            while !left.is_empty() {
                let (first, _, rest) = future::select_all(left).await;
                all.push(first?);
                left = rest;
            }
            all
        }
        "FuturesUnordered" => {
            each()
                .collect::<FuturesUnordered<_>>()
                .try_collect()
                .await?
        }
        "FuturesOrdered" => each().collect::<FuturesOrdered<_>>().try_collect().await?,
        "buffered" => stream::iter(each()).buffered(2).try_collect().await?,
        "buffer_unordered" => {
            stream::iter(each())
                .buffer_unordered(3)
                .try_collect()
                .await?
        }
        "try_for_each_concurrent" => {
            let all = std::cell::RefCell::new(Vec::new());
            let each = stream::iter((1..=4).map(Ok::<_, Error>));
            each.try_for_each_concurrent(2, async |n| {
                let doubled = slow(ctx, n).await?;
                all.borrow_mut().push(doubled);
                Ok(())
            })
            .await?;
            all.into_inner()
        }
        "shared" => {
            let shared = slow(ctx, 5).map(|it| it.unwrap_or(0)).shared();
            let (a, b) = future::join(shared.clone(), shared).await;
            vec![a, b]
        }
        "abortable" => {
            let (long, abort) = future::abortable(ctx.sleep(hours(1)));
            let stop = async {
                let doubled = slow(ctx, 10).await;
                abort.abort();
                doubled
            };
            let (long, doubled) = future::join(long, stop).await;
            assert!(long.is_err());
            vec![doubled?]
        }
        "select_biased!" => {
            let mut timer = ctx.sleep(hours(1)).fuse();
            let mut calls: FuturesUnordered<_> = each().collect();
            let mut all = Vec::new();
            loop {
                // Its sister `select!` begins with a branch of its own choice: no way for a workflow.
                futures::select_biased! {
                    doubled = calls.select_next_some() => all.push(doubled?),
                    _ = timer => bail!("too late"),
                    complete => break,
                }
                if calls.is_empty() {
                    break;
                }
            }
            all
        }
        "oneshot" => {
            let (sender, receiver) = oneshot::channel();
            let send = async {
                let doubled = slow(ctx, 10).await?;
                let _ = sender.send(doubled);
                Ok::<_, Error>(())
            };
            let (received, sent) = future::join(receiver, send).await;
            sent?;
            vec![received?]
        }
        "mpsc with back pressure" => {
            let (mut sender, receiver) = mpsc::channel(0);
            let send = async move {
                for n in 1..=4 {
                    sender.send(slow(ctx, n).await?).await?;
                }
                Ok::<_, Error>(())
            };
            let read = receiver.then(async |doubled| {
                let _ = ctx.sleep(millis(1)).await;
                doubled
            });
            let (sent, all) = future::join(send, read.collect()).await;
            sent?;
            all
        }
        "lock" => {
            let total = futures::lock::Mutex::new(0);
            let add = async |n| {
                let mut total = total.lock().await;
                *total += slow(ctx, n).await?;
                Ok::<_, Error>(())
            };
            future::try_join_all((1..=4).map(add)).await?;
            vec![total.into_inner()]
        }
        "tokio oneshot" => {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let send = slow(ctx, 10).map(|it| sender.send(it));
            let (received, _) = future::join(receiver, send).await;
            vec![received??]
        }
        "tokio mpsc" => {
            let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
            let send = async move {
                for n in 1..=4 {
                    let _ = sender.send(slow(ctx, n).await).await;
                }
            };
            let read = async {
                let mut all = Vec::new();
                while let Some(doubled) = receiver.recv().await {
                    all.push(doubled?);
                }
                Ok::<_, Error>(all)
            };
            future::join(send, read).await.1?
        }
        "tokio notify and semaphore" => {
            let (open, permits) = (tokio::sync::Notify::new(), tokio::sync::Semaphore::new(1));
            let wait = async |n| {
                open.notified().await;
                let _permit = permits.acquire().await?;
                slow(ctx, n).await
            };
            let begin = async {
                ctx.sleep(millis(5)).await?;
                open.notify_waiters();
                Ok::<_, Error>(())
            };
            let all = future::try_join_all((1..=4).map(wait));
            let (all, begun) = future::join(all, begin).await;
            begun?;
            all?
        }
        "spawned" => {
            let spawn = |n| {
                let inner = ctx.clone();
                ctx.spawn(async move { slow(&inner, n).await })
            };
            let mut all = Vec::new();
            for spawned in (1..=4).map(spawn).collect::<Vec<_>>().into_iter().rev() {
                all.push(spawned.await?);
            }
            all
        }
        "spawned and channel" => {
            let (sender, receiver) = mpsc::unbounded();
            for n in 1..=4 {
                let (inner, sender) = (ctx.clone(), sender.clone());
                ctx.spawn(async move {
                    let _ = sender.unbounded_send(slow(&inner, n).await);
                });
            }
            drop(sender);
            receiver.try_collect().await?
        }
        "nested" => {
            let all = std::cell::RefCell::new(Vec::new());
            let (facts, count) = (ctx.clone(), || all.borrow().len());
            let filled = async {
                let long = ctx.sleep(hours(1));
                match race(ctx.wait_until(|| count() == 4), long).await {
                    Either::First(held) => Ok(held?),
                    Either::Second(_) => bail!("too late"),
                }
            };
            let fill = async {
                for n in 1..=4 {
                    let timed = facts.wait_until(|| count() > 9).timeout(millis(2));
                    let (doubled, held) = join(slow(ctx, n), timed).await;
                    assert!(!held?);
                    let doubled = doubled?;
                    all.borrow_mut().push(doubled);
                }
                Ok::<_, Error>(())
            };
            let once_more = [filled.boxed_local(), fill.boxed_local()];
            future::try_join_all(once_more).await?;
            all.into_inner()
        }
        other => bail!("no such way: {other}"),
    };
    Ok(half_of(all))
}

/// Comes to ten in some way.
#[derive(Default)]
struct Ten;

#[workflow]
impl Ten {
    #[run]
    async fn run(&mut self, ctx: &Ctx, way: String) -> Result<u32> {
        ten(ctx, &way).await
    }
}

/// Takes what is sent from a channel, and lets updates wait for what becomes of it.
#[derive(Default)]
struct Mailbox {
    sender: Option<mpsc::UnboundedSender<u32>>,
    waiting: Vec<oneshot::Sender<u32>>,
    early: Vec<u32>,
    total: u32,
}

#[workflow]
impl Mailbox {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        let (sender, mut receiver) = mpsc::unbounded();
        for early in self.early.drain(..) {
            sender.unbounded_send(early)?;
        }
        self.sender = Some(sender);
        while self.total < 20 {
            let next = receiver.next().await;
            self.total += double::call(ctx, next.unwrap_or_default()).await?;
            for waiting in self.waiting.drain(..) {
                let _ = waiting.send(self.total);
            }
        }
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        Ok(self.total / 2)
    }

    #[signal]
    fn put(&mut self, n: u32) {
        match &self.sender {
            Some(sender) => drop(sender.unbounded_send(n)),
            None => self.early.push(n),
        }
    }

    #[update]
    async fn next_total(&mut self) -> Result<u32> {
        #[allow_nondeterminism(reason = "both ends are in this run")]
        let (sender, receiver) = oneshot::channel();
        self.waiting.push(sender);
        Ok(receiver.await?)
    }

    #[query]
    fn total(&self) -> u32 {
        self.total
    }
}

on_both_servers! {
    combined_futures_are_woken_from_inside
    combined_futures_replay_at_every_depth
    a_channel_between_handlers_and_run_is_woken_from_inside
    a_channel_between_handlers_and_run_replays_at_every_depth
}

fn worker(world: &World) -> Worker {
    let worker = world.worker().workflow::<Ten>().workflow::<Mailbox>();
    worker.activity::<double>()
}

async fn every_way(world: &World, worker: Worker) -> Result<()> {
    let worker = worker.spawn().await?;
    let start = async |way: &'static str| {
        let handle = Ten::start(&world.client, way).task_queue(&world.queue);
        Ok::<_, Error>((way, handle.await?))
    };
    for (way, handle) in future::try_join_all(WAYS.map(start)).await? {
        assert_eq!(handle.result().await?, 10, "{way}");
        let history = handle.history().await?.to_string();
        assert!(!history.contains("WorkflowTaskFailed"), "{way}: {history}");
    }
    worker.shutdown().await
}

async fn combined_futures_are_woken_from_inside(world: &World) -> Result<()> {
    every_way(world, worker(world)).await
}

async fn combined_futures_replay_at_every_depth(world: &World) -> Result<()> {
    every_way(world, worker(world).max_cached_workflows(0)).await
}

async fn mailbox(world: &World, worker: Worker) -> Result<()> {
    let worker = worker.spawn().await?;
    let handle = Mailbox::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    for n in 1..=3 {
        handle.put(n).await?;
    }
    eventually("the first three", || async {
        handle.total().await.ok().filter(|total| *total == 12)
    })
    .await;
    let waiting = handle.next_total().accepted().await?;
    handle.put(4).await?;
    assert_eq!(waiting.result().await?, 20);
    assert_eq!(handle.result().await?, 10);
    let history = handle.history().await?.to_string();
    assert!(!history.contains("WorkflowTaskFailed"), "{history}");
    worker.shutdown().await
}

async fn a_channel_between_handlers_and_run_is_woken_from_inside(world: &World) -> Result<()> {
    mailbox(world, worker(world)).await
}

async fn a_channel_between_handlers_and_run_replays_at_every_depth(world: &World) -> Result<()> {
    mailbox(world, worker(world).max_cached_workflows(0)).await
}
