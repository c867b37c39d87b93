//! Workflows that recorded histories replay on, and that no history makes panic.

use durably::prelude::*;
use durably::replay::Replayer;

pub(super) fn replayer() -> Replayer {
    Replayer::new()
        .workflow::<Loop>()
        .workflow::<Signals>()
        .workflow::<Patches>()
        .workflow::<Again>()
        .workflow::<Fails>()
        .workflow::<Timers>()
        .workflow::<Updates>()
        .workflow::<Diary>()
}

#[activity(start_to_close = "10s")]
async fn inc(n: u32) -> u32 {
    n
}

#[activity(start_to_close = "10s")]
async fn boom(n: u32) -> Result<u32> {
    durably::bail!("boom {n}")
}

#[activity(start_to_close = "10s")]
async fn print_note(text: String) -> String {
    text
}

#[activity(start_to_close = "10s")]
async fn print_entry(text: String) -> String {
    text
}

#[derive(Default)]
struct Loop;

#[workflow]
impl Loop {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        let mut x = 0;
        for _ in 0..n {
            x = inc::call(ctx, x).await?;
        }
        Ok(x)
    }
}

#[derive(Default)]
struct Signals {
    words: Vec<String>,
}

#[workflow]
impl Signals {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.words.len() >= 3).await?;
        Ok(self.words.join(" "))
    }

    #[signal]
    fn word(&mut self, word: String) {
        self.words.push(word);
    }
}

const FIRST: Patch = Patch::new("first");

#[derive(Default)]
struct Patches;

#[workflow]
impl Patches {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let first = ctx.patched(FIRST);
        ctx.sleep(millis(50)).await?;
        ctx.sleep(millis(50)).await?;
        Ok(first.to_string())
    }
}

#[derive(Default)]
struct Again;

#[workflow]
impl Again {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        ctx.sleep(millis(50)).await?;
        if n > 0 {
            return Self::continue_as_new(n - 1).into();
        }
        Ok(n)
    }
}

#[derive(Default)]
struct Fails;

#[workflow]
impl Fails {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        Ok(boom::call(ctx, 1).await?)
    }
}

#[derive(Default)]
struct Timers;

#[workflow]
impl Timers {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        race(ctx.sleep(millis(100)), ctx.sleep(secs(60))).await;
        ctx.sleep(millis(100)).await?;
        Ok("slept".to_owned())
    }
}

#[derive(Default)]
struct Updates {
    total: u32,
    finished: bool,
}

#[workflow]
impl Updates {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.finished && ctx.handlers_finished())
            .await?;
        Ok(self.total)
    }

    #[update]
    fn now(&mut self, n: u32) -> u32 {
        self.total = self.total.wrapping_add(n);
        self.total
    }

    #[update]
    async fn add(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        ctx.sleep(millis(100)).await?;
        self.total = self.total.wrapping_add(n);
        Ok(self.total)
    }

    #[signal]
    fn finish(&mut self) {
        self.finished = true;
    }
}

enum Line {
    Note(String),
    Entry(String),
}

#[derive(Default)]
struct Diary {
    lines: Vec<Line>,
    printed: Vec<String>,
    closed: bool,
}

#[workflow]
impl Diary {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        loop {
            ctx.wait_until(|| self.closed || self.lines.len() > self.printed.len())
                .await?;
            let Some(line) = self.lines.get(self.printed.len()) else {
                return Ok(std::mem::take(&mut self.printed));
            };
            let line = match line {
                Line::Note(text) => {
                    let text = text.clone();
                    print_note::call(ctx, text).await?
                }
                Line::Entry(text) => {
                    let text = text.clone();
                    print_entry::call(ctx, text).await?
                }
            };
            self.printed.push(line);
        }
    }

    #[signal]
    fn note(&mut self, text: String) {
        self.lines.push(Line::Note(text));
    }

    #[update]
    fn enter(&mut self, text: String) -> usize {
        self.lines.push(Line::Entry(text));
        self.lines.len()
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}
