//! The workloads, as in ../peer.

#[path = "../../src/process.rs"]
pub mod process;

use durably::prelude::*;

#[activity(start_to_close = "10s")]
pub async fn inc(n: u32) -> u32 {
    n + 1
}

/// Runs `n` activities, one after another.
#[derive(Default)]
pub struct Hello;

#[workflow]
impl Hello {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        let mut x = 0;
        for _ in 0..n {
            x = inc::call(ctx, x).await?;
        }
        Ok(x)
    }
}

/// Runs `n` local activities, one after another or at once, in one workflow task.
#[derive(Default)]
pub struct Local;

#[workflow]
impl Local {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, n: u32, at_once: bool) -> Result<u32> {
        if at_once {
            let calls = (0..n).map(|_| inc::call(ctx, 0).local());
            return Ok(try_join_all(calls).await?.iter().sum());
        }
        let mut x = 0;
        for _ in 0..n {
            x = inc::call(ctx, x).local().await?;
        }
        Ok(x)
    }
}

/// Waits for `n` signals.
#[derive(Default)]
pub struct Sig {
    c: u32,
}

#[workflow]
impl Sig {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        ctx.wait_until(|| self.c >= n).await?;
        Ok(self.c)
    }

    #[signal]
    pub fn add(&mut self, k: u32) {
        self.c += k;
    }
}

/// Sleeps `days` days.
#[derive(Default)]
pub struct Sleep;

#[workflow]
impl Sleep {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, days: u64) -> Result<()> {
        ctx.sleep(durably::days(days)).await?;
        Ok(())
    }
}

/// Returns what it takes.
#[derive(Default)]
pub struct Echo;

#[workflow]
impl Echo {
    #[run]
    pub async fn run(&mut self, text: String) -> String {
        text
    }
}

/// Starts `n` timers, activities or children at once and waits for all.
#[derive(Default)]
pub struct FanOut;

#[workflow]
impl FanOut {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, of: String, n: u32) -> Result<u32> {
        match of.as_str() {
            "timers" => Ok(try_join_all((0..n).map(|_| ctx.sleep(secs(1))))
                .await?
                .len() as u32),
            "activities" => Ok(try_join_all((0..n).map(|_| inc::call(ctx, 0)))
                .await?
                .iter()
                .sum()),
            "children" => Ok(try_join_all((0..n).map(|_| One::child(ctx)))
                .await?
                .iter()
                .sum()),
            other => bail!("no kind is called {other}"),
        }
    }
}

/// Returns one.
#[derive(Default)]
pub struct One;

#[workflow]
impl One {
    #[run]
    pub async fn run(&mut self) -> u32 {
        1
    }
}

/// `branches` that each wait for one of ten places, all within one workflow task.
#[derive(Default)]
pub struct Places {
    taken: u32,
    left: u32,
}

#[workflow]
impl Places {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, branches: u32, joined: bool) -> Result<()> {
        self.left = branches;
        if joined {
            join_all((0..branches).map(|_| self.place(ctx))).await;
        }
        for _ in 0..if joined { 0 } else { branches } {
            let inner = ctx.clone();
            drop(ctx.spawn(async move { self.place(&inner).await }));
        }
        ctx.wait_until(|| self.left == 0).await?;
        Ok(())
    }

    async fn place(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.wait_until(|| self.taken < 10).await?;
        self.taken += 1;
        ctx.sleep(secs(0)).await?;
        self.taken -= 1;
        self.left -= 1;
        Ok(())
    }
}
