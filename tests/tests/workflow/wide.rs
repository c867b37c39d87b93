//! Three to eight futures at once, the first of many, and bounded calls that fail.

use durably::{
    prelude::*,
    replay::Replayer,
    workflow::{
        Either3, Either4, Either5, Either6, Either7, Either8, FutureSet, Lock, Semaphore, join3,
        join4, join5, join6, join7, join8, race3, race4, race5, race6, race7, race8,
    },
};
use durably_tests::{World, on_both_servers, unique};

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn double(n: u32) -> Result<u32> {
    match n {
        13 => bail!("{n} brings bad luck"),
        n => Ok(n * 2),
    }
}

/// Does what its case says.
#[derive(Default)]
struct Wide {
    begun: Vec<u32>,
}

#[workflow]
impl Wide {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<Vec<u32>> {
        let call = |n: u32| async move { double::call(ctx, n).await.unwrap_or_default() };
        let late = || ctx.sleep(hours(1));
        let mut all = Vec::new();
        match case.as_str() {
            "join" => {
                all.extend(<[u32; 3]>::from(join3(call(1), call(2), call(3)).await));
                let four = join4(call(1), call(2), call(3), call(4)).await;
                all.extend(<[u32; 4]>::from(four));
                let five = join5(call(1), call(2), call(3), call(4), call(5)).await;
                all.extend(<[u32; 5]>::from(five));
                let six = join6(call(1), call(2), call(3), call(4), call(5), call(6)).await;
                all.extend(<[u32; 6]>::from(six));
                let seven = join7(
                    call(1),
                    call(2),
                    call(3),
                    call(4),
                    call(5),
                    call(6),
                    call(7),
                );
                all.extend(<[u32; 7]>::from(seven.await));
                let eight = join8(
                    call(1),
                    call(2),
                    call(3),
                    call(4),
                    call(5),
                    call(6),
                    call(7),
                    call(8),
                );
                all.extend(<[u32; 8]>::from(eight.await));
            }
            "race" => {
                if let Either3::Second(n) = race3(late(), call(3), late()).await {
                    all.push(n);
                }
                if let Either4::Fourth(n) = race4(late(), late(), late(), call(4)).await {
                    all.push(n);
                }
                if let Either5::Fifth(n) = race5(late(), late(), late(), late(), call(5)).await {
                    all.push(n);
                }
                let six = race6(late(), late(), late(), late(), late(), call(6));
                if let Either6::Sixth(n) = six.await {
                    all.push(n);
                }
                let seven = race7(late(), late(), late(), late(), late(), late(), call(7));
                if let Either7::Seventh(n) = seven.await {
                    all.push(n);
                }
                let eight = race8(
                    late(),
                    late(),
                    late(),
                    late(),
                    late(),
                    late(),
                    late(),
                    call(8),
                );
                if let Either8::Eighth(n) = eight.await {
                    all.push(n);
                }
            }
            "race_all" => {
                let mut calls: Vec<_> = [3_600_000, 7_200_000, 1]
                    .map(|pause| ctx.sleep(millis(pause)))
                    .into();
                let (position, slept) = race_all(&mut calls).await;
                slept?;
                all.push(u32::try_from(position)?);
                // The losers still run, and are dropped here.
                let (position, ended) = race_all(
                    calls
                        .drain(..2)
                        .map(|sleep| race(sleep, ctx.sleep(millis(1)))),
                )
                .await;
                assert!(ended.second().is_some());
                all.push(u32::try_from(position)?);
            }
            "bounded" => {
                let calls = [11, 12, 13, 14, 15, 16].map(|n| self.begin(ctx, n));
                let error = try_join_all(calls).buffered(2).await.unwrap_err();
                if !error.to_string().contains("13 brings bad luck") {
                    return Err(error);
                }
                all.extend(&self.begun);
            }
            "set" => {
                let mut set = FutureSet::new();
                set.extend([1, 2, 3].map(call));
                loop {
                    // A timer beside it takes nothing away.
                    match race(set.join_next(), ctx.sleep(millis(1))).await {
                        Either::First(Some(n)) => {
                            all.push(n);
                            if n == 2 {
                                set.push(call(4));
                            }
                        }
                        Either::First(None) => break,
                        Either::Second(slept) => slept?,
                    }
                }
                all.sort_unstable();
            }
            other => bail!("no case {other}"),
        }
        Ok(all)
    }

    async fn begin(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        self.begun.push(n);
        if n > 13 {
            // Keeps its place until another one fails.
            ctx.sleep(hours(1)).await?;
        }
        let doubled = double::call(ctx, n).await?;
        if n == 11 {
            // So that the one that fails is not the first to end.
            ctx.sleep(millis(1)).await?;
        }
        Ok(doubled)
    }
}

/// Serves one after the other, in the order in which they came, or two at a time.
struct Counter {
    place: Lock,
    chairs: Semaphore,
    served: Vec<u32>,
    seated: Vec<u32>,
    open: bool,
}

#[workflow]
impl Counter {
    #[init]
    fn new() -> Self {
        Self {
            place: Lock::new(),
            chairs: Semaphore::new(2),
            served: Vec::new(),
            seated: Vec::new(),
            open: false,
        }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(Vec<u32>, Vec<u32>)> {
        let place = self.place.acquire(ctx).await?;
        let chairs = (
            self.chairs.acquire(ctx).await?,
            self.chairs.acquire(ctx).await?,
        );
        ctx.wait_until(|| self.open).await?;
        drop((place, chairs));
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        Ok((self.served.clone(), self.seated.clone()))
    }

    #[signal]
    async fn sit(&mut self, ctx: &Ctx, customer: u32) -> Result<()> {
        let _chair = self.chairs.acquire(ctx).await?;
        self.seated.push(customer);
        double::call(ctx, customer).await?;
        Ok(())
    }

    #[signal]
    async fn serve(&mut self, ctx: &Ctx, customer: u32) -> Result<()> {
        let _place = self.place.acquire(ctx).await?;
        double::call(ctx, customer).await?;
        self.served.push(customer);
        Ok(())
    }

    #[signal]
    fn open(&mut self) {
        self.open = true;
    }
}

on_both_servers! {
    three_to_eight_futures_are_joined
    three_to_eight_futures_race
    the_losers_of_many_may_race_again
    the_first_error_of_bounded_calls_ends_them
    a_set_waits_beside_a_timer
    a_lock_and_a_semaphore_are_taken_in_the_order_of_arrival
}

/// The result of a case, each of whose tasks replays the run.
async fn result(world: &World, case: &str) -> Result<Vec<u32>> {
    let worker = world.worker().workflow::<Wide>().activity::<double>();
    let worker = worker.max_cached_workflows(0).spawn().await?;
    let start = Wide::start(&world.client, case).task_queue(&world.queue);
    let wide = start.await?;
    let result = wide.result().await?;
    let history = wide.history().await?;
    Replayer::new().workflow::<Wide>().replay(history)?;
    worker.shutdown().await?;
    Ok(result)
}

async fn three_to_eight_futures_are_joined(world: &World) -> Result<()> {
    let doubled = (3..=8).flat_map(|many| (1..=many).map(|n| n * 2));
    let doubled: Vec<u32> = doubled.collect();
    assert_eq!(result(world, "join").await?, doubled);
    Ok(())
}

async fn three_to_eight_futures_race(world: &World) -> Result<()> {
    assert_eq!(result(world, "race").await?, [6, 8, 10, 12, 14, 16]);
    Ok(())
}

async fn the_losers_of_many_may_race_again(world: &World) -> Result<()> {
    assert_eq!(result(world, "race_all").await?, [2, 0]);
    Ok(())
}

async fn the_first_error_of_bounded_calls_ends_them(world: &World) -> Result<()> {
    let begun = result(world, "bounded").await?;
    // Two at a time: the one that fails began when one of the first two had ended, and another one may have begun when
    // the second had.
    assert!([11, 12, 13, 14].starts_with(&begun), "{begun:?}");
    assert!(begun.len() >= 3, "{begun:?}");
    Ok(())
}

async fn a_set_waits_beside_a_timer(world: &World) -> Result<()> {
    assert_eq!(result(world, "set").await?, [2, 4, 6, 8]);
    Ok(())
}

async fn a_lock_and_a_semaphore_are_taken_in_the_order_of_arrival(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Counter>().activity::<double>();
    // Each task replays the run.
    let worker = worker.max_cached_workflows(0).spawn().await?;
    let counter = Counter::start(&world.client)
        .id(unique("counter"))
        .task_queue(&world.queue)
        .await?;
    let customers = [5, 3, 8, 1, 9, 2, 7];
    for customer in customers {
        counter.serve(customer).await?;
        counter.sit(customer).await?;
    }
    counter.open().await?;
    let (served, seated) = counter.result().await?;
    assert_eq!((&*served, &*seated), (&customers[..], &customers[..]));
    let history = counter.history().await?;
    Replayer::new().workflow::<Counter>().replay(history)?;
    worker.shutdown().await
}
