//! Attributes, names and shapes that the macros carry or leave alone.
#![deny(warnings)]

use durably::prelude::*;

/// A type of the user's with the name of a context, and one of an argument type.
mod own {
    #[durably::data]
    pub struct View {
        pub from: u32,
    }

    #[durably::data]
    #[serde(rename_all = "camelCase")]
    pub enum Colour {
        DeepRed,
        Blue { shade: u8 },
    }
}

type Reader = View;

#[derive(Default)]
pub struct Odd {
    r#type: String,
    failed: bool,
}

/// The workflow of this file.
#[workflow(name = "odd-workflow", task_queue = "odd", crate = ::durably)]
impl Odd {
    const LIMIT: u32 = 3;

    /// Runs once.
    #[durably::run]
    async fn run(
        &mut self,
        ctx: &Ctx,
        client: String,
        ctx_: u32,
        id: u8,
        name: Option<own::Colour>,
    ) -> Result<()> {
        let _ = (client, ctx_, id, name);
        #[allow_nondeterminism(reason = "only measured")]
        let started = std::time::Instant::now();
        ctx.sleep(secs(1)).await?;
        #[allow_nondeterminism(reason = "only measured")]
        {
            let _ = started.elapsed();
            let _ = std::time::Instant::now();
        }
        Ok(())
    }

    /// Raw names travel without their `r#`.
    #[signal]
    fn r#type(&mut self, r#match: String) {
        self.r#type = r#match;
    }

    #[signal]
    async fn fails(&mut self) -> Result<()> {
        self.failed = true;
        bail!("no")
    }

    #[cfg(any())]
    #[signal]
    fn absent(&mut self, missing: NoSuchType) {}

    #[cfg(any())]
    #[update(validator = check_absent)]
    fn absent_update(&mut self, missing: NoSuchType) {}

    #[cfg(any())]
    fn check_absent(&self, missing: &NoSuchType) -> Result<(), String> {}

    #[cfg_attr(all(), deprecated(note = "use `shift`"))]
    #[update]
    fn old_shift(&mut self, by: u32) -> u32 {
        by
    }

    #[update(name = "Shift", validator = check_shift)]
    #[allow(clippy::needless_pass_by_value)]
    async fn shift(&mut self, ctx: &Ctx, by: u32, view: own::View) -> Result<Self, std::io::Error> {
        let _ = ctx.sleep(secs(1)).await;
        Ok(Self {
            r#type: (by + view.from).to_string(),
            failed: self.failed,
        })
    }

    fn check_shift(&self, view: &View, by: &u32, _: &own::View) -> Result<(), std::fmt::Error> {
        let _ = view.workflow_id();
        (*by < Self::LIMIT).then_some(()).ok_or(std::fmt::Error)
    }

    #[query]
    fn reads(&self, view: &Reader, colour: own::Colour, view_: own::View) -> Result<String> {
        let _ = (colour, view_.from);
        Ok(view.workflow_id().to_owned())
    }

    #[query]
    #[must_use]
    #[rustfmt::skip]
    fn short(&self) -> bool { self.failed }

    #[rustfmt::skip]
    async fn one_line(&self, ctx: &Ctx) -> bool { ctx.sleep(secs(1)).await.is_ok() }

    #[update(name = "Ask")]
    #[rustfmt::skip]
    async fn ask(self: &mut Self, view: &View) -> bool { !view.workflow_id().is_empty() }
}

impl serde::Serialize for Odd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.r#type.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Odd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            r#type: String::deserialize(deserializer)?,
            failed: false,
        })
    }
}

/// Implemented by the Python team.
#[activity(remote, name = "ocr", task_queue = "py", start_to_close = "1h30m")]
pub async fn ocr(url: String) -> Result<Vec<String>>;

#[activity(heartbeat = "500ms", max_attempts = 3, schedule_to_close = "1d")]
fn blocking_sum(ctx: &ActivityCtx, r#in: Vec<u64>) -> u64 {
    ctx.heartbeat(1);
    r#in.iter().sum()
}

#[activity]
#[rustfmt::skip]
async fn short(n: u8) -> u8 { n }

#[activity]
async fn own_error() -> Result<(), std::fmt::Error> {
    use std::fmt::Error;
    Err(Error)
}

#[derive(Default)]
struct Scan {
    pages: usize,
}

#[workflow]
impl Scan {
    #[run]
    async fn run(&mut self, ctx: &Ctx, url: String) -> Result<usize, std::fmt::Error> {
        match ocr::call(ctx, url).await {
            Ok(pages) => self.pages = pages.len(),
            Err(_) => return Err(std::fmt::Error),
        }
        let sums = join_all((0..3).map(|i| blocking_sum::call(ctx, vec![i, i]))).await;
        let short = short::call(ctx, 3).start_to_close(secs(3)).await;
        let again = own_error::call(ctx).start_to_close(secs(3)).await;
        let _ = (short, again);
        let other = Self::external(ctx, "other");
        let _ = other.stop().await;
        let child = Self::child(ctx, "u").id("c").start().await;
        if let Ok(child) = child {
            let _ = child.stop().await;
        }
        Ok(self.pages + sums.len())
    }

    #[signal]
    fn stop(&mut self) {
        self.pages = 0;
    }
}

/// Generic over the workflow.
pub async fn result_of<W: durably::workflow::Workflow>(handle: &Handle<W>) -> Result<W::Output> {
    Ok(handle.result().await?)
}

pub async fn client(client: &Client) -> Result<()> {
    let handle = Odd::start(client, "c", 1, 2, None).await?;
    handle.r#type("x").await?;
    handle.fails().await?;
    let odd = handle.shift(1, own::View { from: 2 }).await?;
    let _ = (odd.failed, handle.ask().await?);
    handle
        .reads(own::Colour::Blue { shade: 1 }, own::View { from: 2 })
        .await?;
    result_of(&handle).await
}

pub fn in_a_function(client: &Client) -> Worker {
    #[derive(Default)]
    struct Inner;

    #[workflow]
    impl Inner {
        #[run]
        async fn run(&mut self) {}
    }
    Worker::new(client, "q").workflow::<Inner>()
}

#[durably::main]
async fn main() {}
