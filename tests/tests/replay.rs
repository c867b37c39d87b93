//! Histories that were recorded on a real server replay for ever; those in `python_*.json` were
//! written by workflows of the Python SDK that do what the ones here do.

use durably::client::History;
use durably::prelude::*;
use durably::replay::{ReplayError, Replayer};

#[activity(start_to_close = "10s")]
async fn inc(n: u32) -> u32 {
    n + 1
}

#[activity(start_to_close = "10s")]
async fn boom(n: u32) -> Result<u32> {
    durably::bail!("boom {n}")
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
        ctx.wait_until(|| self.words.len() == 3).await?;
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

/// A barge, which the convoy starts, signals and cancels.
#[derive(Default)]
struct Barge;

#[workflow]
impl Barge {
    #[run]
    async fn run(&mut self, how: String) -> String {
        how
    }

    #[signal]
    fn hold(&mut self, _why: String) {}
}

#[derive(Default)]
struct Convoy;

#[workflow]
impl Convoy {
    #[run]
    async fn run(&mut self, ctx: &Ctx, other: String) -> Result<String> {
        // Its id was made up in Python.
        let first = Barge::child(ctx, "arrives").await?;
        let second = Barge::child(ctx, "waits").id(format!("{other}-2"));
        let second = second.start().await?;
        second.hold("fog").await?;
        second.cancel();
        assert!(second.result().await.is_err_and(|it| it.is_cancelled()));
        let other_barge = Barge::external(ctx, &other);
        other_barge.hold("storm").await?;
        other_barge.cancel().await?;
        let sunk = Barge::child(ctx, "sinks").id(format!("{other}-3")).await;
        let error = sunk.expect_err("the third barge sinks");
        let app = error.app().expect("its code says why");
        Ok(format!("{first}, {}", app.message))
    }
}

fn replay(name: &str) -> Result<(), ReplayError> {
    let path = format!("{}/histories/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let json = std::fs::read_to_string(path).expect("the history is checked in");
    Replayer::new()
        .workflow::<Loop>()
        .workflow::<Signals>()
        .workflow::<Patches>()
        .workflow::<Again>()
        .workflow::<Fails>()
        .workflow::<Convoy>()
        .replay(History::from_json(&json)?)
}

#[test]
fn recorded_activities_replay() {
    assert_eq!(replay("python_activities"), Ok(()));
    assert_eq!(replay("python_failure"), Ok(()));
}

#[test]
fn recorded_signals_replay() {
    assert_eq!(replay("python_signals"), Ok(()));
}

#[test]
fn recorded_children_and_commands_to_other_workflows_replay() {
    assert_eq!(replay("python_children"), Ok(()));
}

#[test]
fn recorded_patches_and_continuations_replay() {
    assert_eq!(replay("python_patches"), Ok(()));
    assert_eq!(replay("python_continue_as_new"), Ok(()));
}

#[test]
fn history_of_an_unknown_type_names_it_and_the_known_ones() {
    let error = replay("python_timers").unwrap_err().to_string();
    assert!(error.contains("workflow type `Timers`"), "{error}");
    assert!(error.contains("`Signals`"), "{error}");
}
