//! What a newcomer may wonder about, and what works.
#![deny(warnings)]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use durably::prelude::*;
use durably::{Ctx as Context, View as Facts};

#[activity(start_to_close = "1s")]
async fn greet(name: String) -> String {
    name
}

/// An extension of the user's with the name of another SDK's method.
trait Timers {
    fn timer(&self, seconds: u64) -> durably::workflow::Sleep;
}

impl Timers for Ctx {
    fn timer(&self, seconds: u64) -> durably::workflow::Sleep {
        self.sleep(secs(seconds))
    }
}

/// Runs stay on one thread, so their state may be of any type that owns what it holds.
#[derive(Default)]
struct Liberties {
    shared: Rc<Cell<u32>>,
    notes: RefCell<Vec<String>>,
    kept: Option<Ctx>,
    count: u32,
    by_name: BTreeMap<String, u32>,
}

#[workflow]
impl Liberties {
    #[run]
    pub(crate) async fn run(&mut self, context: &Context) -> Result<String> {
        // A clone of the context may be kept.
        self.kept = Some(context.clone());
        context.timer(1).await?;
        // Text in braces where no format string stands.
        let texts = vec!["{self}", concat!("{self}", "!"), stringify!({ self })];
        assert_ne!("{self}", texts[0], "{} {}", self.count, "{self}");
        let is_text = matches!(texts[0], "{self}" if self.count > 0);
        // Recursion, boxed.
        self.again(context, 3).await?;
        // What is spawned takes a clone along, under the same name or another.
        let ctx = context;
        let spawned = {
            let ctx = ctx.clone();
            context.spawn(async move {
                ctx.sleep(secs(1)).await?;
                self.count += 1;
                Ok::<_, Error>(self.count)
            })
        };
        spawned.await?;
        // Types are inferred through an await, and results are coerced after it.
        let parsed = async { Ok("1".parse()?) }.await;
        let parsed: Result<u32> = parsed;
        let boxed: Box<dyn Fn() -> u32> = async { Box::new(|| 1) }.await;
        let wide: &dyn std::fmt::Debug = &greet::call(context, "Bob").await?;
        // Conditions of every shape.
        let wanted = parsed? + boxed();
        context.wait_until(move || self.count > wanted).await?;
        context
            .wait_until(|| {
                let count = self.count;
                count > 3 || !self.notes.borrow().is_empty()
            })
            .await?;
        let always = || true;
        context.wait_until(always).await?;
        // A shared receiver spelled out, a method through a path, an early end.
        if Self::look(self, context).await || is_text {
            return Ok(format!("{wide:?} {texts:?}"));
        }
        Ok(self.notes.take().concat())
    }

    async fn again(&mut self, ctx: &Ctx, times: u32) -> Result<()> {
        if times > 0 {
            ctx.sleep(secs(1)).await?;
            Box::pin(self.again(ctx, times - 1)).await?;
        }
        Ok(())
    }

    async fn look(self: &Self, facts: &Facts) -> bool {
        facts.is_replaying()
    }

    /// Kinds have names of their own: each of these is `count` on the server.
    #[signal(name = "count")]
    const fn count_up(&mut self, by: u32) {
        self.count += by;
    }

    #[query(name = "count")]
    fn counted(&self) -> u32 {
        self.count
    }

    /// A handler may have the name of a field.
    #[update(validator = few)]
    pub fn count(&mut self, mut by: u32) -> u32 {
        by += self.count;
        self.count = by;
        by
    }

    /// One validator may serve several updates.
    #[update(name = "count-twice", validator = few)]
    async fn twice(&mut self, ctx: &Ctx, by: u32) -> Result<()>
    where
        Self: Default,
    {
        ctx.sleep(secs(1)).await?;
        self.count += 2 * by;
        Ok(())
    }

    fn few(&self, by: &u32) -> Result<()> {
        match *by {
            0..10 => Ok(()),
            _ => bail!("too many"),
        }
    }

    #[cfg(not(target_os = "none"))]
    #[signal]
    fn name(&mut self, name: String) {
        self.by_name.insert(name, self.shared.get());
    }

    #[cfg(target_os = "none")]
    #[signal]
    fn name(&mut self, name: NoSuchType) {}
}

pub async fn client(client: &Client) -> Result<u32> {
    let handle = Liberties::start(client).task_queue("q").await?;
    handle.count_up(1).await?;
    handle.name("Bob").await?;
    handle.twice(1).await?;
    Ok(handle.count(1).await? + handle.counted().await?)
}

fn main() {}
