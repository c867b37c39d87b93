//! Methods of one name of which every build has one.
#![deny(warnings, missing_docs)]

use durably::prelude::*;

/// A tank.
#[derive(Default)]
pub struct Tank {
    level: u64,
    open: bool,
}

#[workflow]
impl Tank {
    /// Runs until it is full.
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        ctx.wait_until(|| self.level >= 10).await?;
        self.settle();
        self.wait(ctx).await?;
        #[cfg(debug_assertions)]
        self.drain(ctx).await;
        Ok(self.level)
    }

    /// Fills it, and closes it.
    #[cfg(debug_assertions)]
    #[signal]
    pub fn fill(&mut self, by: u64) {
        self.level += by;
        self.open = false;
    }

    /// Fills it.
    #[cfg(not(debug_assertions))]
    #[signal]
    pub fn fill(&mut self, by: u64) {
        self.level += by;
    }

    /// Its level.
    #[cfg(debug_assertions)]
    #[query]
    pub fn level(&self) -> String {
        self.level.to_string()
    }

    /// Its level.
    #[cfg(not(debug_assertions))]
    #[query]
    pub fn level(&self) -> u64 {
        self.level
    }

    /// Opens it.
    #[cfg(debug_assertions)]
    #[update(validator = check_open)]
    pub async fn open(&mut self, ctx: &Ctx) -> Result<()> {
        self.open = true;
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    /// Opens it.
    #[cfg(not(debug_assertions))]
    #[update(validator = check_open)]
    pub fn open(&mut self) {
        self.open = true;
    }

    #[cfg(debug_assertions)]
    fn check_open(&self) -> Result<(), &'static str> {
        if self.open { Err("it is open") } else { Ok(()) }
    }

    #[cfg(not(debug_assertions))]
    fn check_open(&self) -> Result<(), &'static str> {
        Ok(())
    }

    /// Waits, in this build by a timer.
    #[cfg(debug_assertions)]
    async fn wait(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        self.level += 1;
        Ok(())
    }

    #[cfg(not(debug_assertions))]
    async fn wait(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.wait_until(|| self.open).await?;
        Ok(())
    }

    /// Drains it slowly.
    #[cfg(debug_assertions)]
    async fn drain(&mut self, ctx: &Ctx) {
        self.lower(ctx).await;
        self.level = self.level.min(10);
    }

    /// Async in this build.
    #[cfg(debug_assertions)]
    async fn lower(&mut self, ctx: &Ctx) {
        let _ = ctx.sleep(secs(1)).await;
        self.level -= 1;
    }

    #[cfg(not(debug_assertions))]
    fn lower(&mut self) {
        self.level -= 1;
    }

    /// Pours, in this build at once.
    #[cfg(debug_assertions)]
    #[signal]
    fn pour(&mut self) {
        self.tip();
    }

    #[cfg(not(debug_assertions))]
    #[signal]
    async fn pour(&mut self, ctx: &Ctx) -> Result<()> {
        self.tip(ctx).await
    }

    #[cfg(debug_assertions)]
    fn tip(&mut self) {
        self.level -= 1;
    }

    #[cfg(not(debug_assertions))]
    async fn tip(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        self.level -= 1;
        Ok(())
    }

    #[cfg(debug_assertions)]
    fn settle(&mut self) {
        self.level += 1;
    }

    #[cfg(not(debug_assertions))]
    fn settle(&mut self) {}
}

/// Calls the one that is there.
pub async fn fill(tank: &Handle<Tank>) -> Result<()> {
    tank.fill(2).await?;
    #[cfg(debug_assertions)]
    println!("{}", tank.level().await?.len());
    tank.open().await?;
    Ok(())
}

/// Pumps.
pub struct Pumps;

#[activities]
impl Pumps {
    /// Starts one.
    #[cfg(debug_assertions)]
    #[activity(start_to_close = "1s")]
    pub async fn start(&self, pump: u64) -> u64 {
        pump
    }

    /// Starts one.
    #[cfg(not(debug_assertions))]
    #[activity(start_to_close = "1m")]
    pub async fn start(&self, pump: u64, at: u64) -> u64 {
        pump + at
    }
}

fn main() {}
