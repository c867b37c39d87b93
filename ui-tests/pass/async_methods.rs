//! Signatures of async helpers: each parameter, type and attribute that a method of Rust may have.
#![deny(warnings, clippy::pedantic, clippy::nursery, missing_docs)]

use std::fmt::{Debug, Display};

use durably::prelude::*;

/// Sums.
#[derive(Debug, Default)]
pub struct Sums {
    sum: u64,
    names: Vec<String>,
}

#[workflow]
impl Sums {
    #[run]
    async fn run(&mut self, ctx: &Ctx, mut limit: u64) -> Result<u64> {
        limit += self.patterns(ctx, (1, 2), 3, [4, 5]).await?;
        let text: String = self.made(ctx).await?;
        self.shown(ctx, &text, &limit, |n| n + 1).await?;
        let table = self.filled::<u8, 3>(ctx).await?;
        let largest = Self::many(self, ctx, 1, 2, 3, 4, 5, 6).await?;
        // The name that stands for `self` in nested bodies is the user's own.
        let self_ = largest + u64::from(table[0]);
        let double = async {
            ctx.sleep(secs(self_)).await?;
            self.sum += self_;
            Ok::<_, Error>(())
        };
        join(double, self.named_like_ours(ctx, self_, 1)).await.0?;
        ctx.wait_until(|| self.sum >= self_).await?;
        for label in self.labels(ctx, 2).await {
            self.names.push(label);
        }
        self.names.extend(self.traced(ctx).await.map(Into::into));
        #[expect(deprecated, reason = "until all runs that sleep there have ended")]
        self.old_pause(ctx).await?;
        Ok(self.sum.min(limit))
    }

    async fn patterns(
        &mut self,
        ctx: &Ctx,
        (a, b): (u64, u64),
        _: u64,
        [first, ..]: [u64; 2],
    ) -> Result<u64> {
        ctx.sleep(secs(1)).await?;
        self.sum += a + b;
        Ok(first)
    }

    async fn made<T>(&mut self, ctx: &Ctx) -> Result<T>
    where
        T: From<&'static str> + Debug,
    {
        ctx.sleep(secs(1)).await?;
        Ok(T::from("made"))
    }

    async fn shown<'a>(
        &mut self,
        ctx: &Ctx,
        text: &'a str,
        other: &'a (impl Display + Sync),
        change: impl Fn(u64) -> u64,
    ) -> Result<&'a str> {
        ctx.sleep(secs(1)).await?;
        self.sum = change(self.sum);
        self.names.push(other.to_string());
        Ok(text)
    }

    async fn filled<T: Copy + Default, const N: usize>(&self, ctx: &Ctx) -> Result<[T; N]> {
        ctx.sleep(secs(self.sum)).await?;
        Ok([T::default(); N])
    }

    #[expect(clippy::too_many_arguments, reason = "one more than the lint allows")]
    async fn many(
        &mut self,
        ctx: &Ctx,
        one: u64,
        two: u64,
        three: u64,
        four: u64,
        five: u64,
        six: u64,
    ) -> Result<u64> {
        ctx.sleep(secs(1)).await?;
        self.sum += one + two + three + four + five + six;
        Ok(self.sum)
    }

    async fn named_like_ours(&mut self, ctx: &Ctx, self_: u64, lease: u64) -> Result<()> {
        let (root, cell, state) = (self_, lease, 1);
        ctx.sleep(secs(root + cell + state)).await?;
        self.of_seven(ctx, 1, 2, 3, 4, 5).await;
        Ok(())
    }

    /// As many arguments as the lint allows.
    #[expect(clippy::unused_async, reason = "it awaits nothing yet")]
    async fn of_seven(&mut self, _ctx: &Ctx, one: u64, _: u64, _: u64, _: u64, _: u64) {
        self.sum += one;
    }

    /// Its result has an opaque type.
    async fn labels(&self, ctx: &Ctx, count: u64) -> impl Iterator<Item = String> + use<> {
        let waited = ctx.wait_until(|| self.sum > count).await;
        let sum = waited.map_or(0, |()| self.sum);
        (0..count).map(move |n| format!("{n} of {sum}"))
    }

    #[tracing::instrument(skip(self, ctx))]
    async fn traced(&self, ctx: &Ctx) -> Option<impl Into<String>> {
        ctx.sleep(secs(self.sum)).await.ok()?;
        Some("traced")
    }

    #[must_use = "a pause may be cancelled"]
    #[inline]
    #[deprecated = "use `ctx.sleep`"]
    async fn old_pause(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    #[allow(dead_code)]
    async fn unused(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}
