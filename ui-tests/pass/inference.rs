//! Types that are known only from where an awaited value goes: a workflow infers them as any
//! `async fn` does.
#![deny(warnings)]

use std::{collections::BTreeMap, fmt::Debug};

use durably::prelude::*;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

#[activity(start_to_close = "1s")]
async fn double(n: u32) -> u32 {
    n * 2
}

async fn gather<T: FromIterator<u32>>(ctx: &Ctx, n: u32) -> T {
    let mut all = Vec::new();
    for n in 0..n {
        all.push(double::call(ctx, n).await.unwrap_or_default());
    }
    all.into_iter().collect()
}

async fn try_gather<T: FromIterator<u32>>(ctx: &Ctx, n: u32) -> Result<T> {
    Ok(gather(ctx, n).await)
}

async fn convert<T: From<u8>>() -> T {
    T::from(1)
}

fn takes(numbers: &[u32], more: Vec<u32>) -> usize {
    numbers.len() + more.len()
}

struct Pair {
    left: Vec<u32>,
    right: Box<[u32]>,
}

#[derive(Default)]
struct Inference {
    numbers: Vec<u32>,
    by_name: BTreeMap<u8, Vec<u32>>,
    boxed: Option<Box<dyn Debug>>,
    n: u64,
}

#[workflow]
impl Inference {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<u32>> {
        // Into a field, a variable, an argument, a struct, an array, a tuple, an option.
        self.numbers = gather(ctx, 2).await;
        self.numbers = try_gather(ctx, 2).await?;
        let typed: Vec<u32> = gather(ctx, 2).await;
        let mut later;
        later = gather(ctx, 3).await;
        self.numbers = later;
        later = takes_all(ctx).await;
        takes(&typed, gather(ctx, 1).await);
        takes(&later, try_gather(ctx, 1).await?);
        self.numbers.extend::<Vec<u32>>(gather(ctx, 1).await);
        self.by_name.insert(1, gather(ctx, 1).await);
        self.by_name.insert(convert().await, gather(ctx, 1).await);
        let pair = Pair {
            left: gather(ctx, 1).await,
            right: gather(ctx, 1).await,
        };
        let lists: [Vec<u32>; 2] = [gather(ctx, 1).await, Vec::new()];
        let (a, b): (Vec<u32>, u32) = (gather(ctx, 1).await, convert().await);
        let some: Option<Vec<u32>> = Some(gather(ctx, 1).await);
        // Out of branches.
        self.numbers = match self.n {
            0 => Vec::new(),
            _ => gather(ctx, 1).await,
        };
        self.numbers = if self.n == 0 {
            gather(ctx, 1).await
        } else {
            pair.left
        };
        self.numbers = loop {
            if self.n == 0 {
                break gather(ctx, 1).await;
            }
            self.n -= 1;
        };
        self.numbers = 'found: {
            if self.n > 0 {
                break 'found gather(ctx, 1).await;
            }
            try_gather(ctx, 1).await?
        };
        // Operators and comparisons.
        self.n += convert::<u64>().await;
        self.n += u64::from(convert::<u8>().await);
        let sum: u64 = self.n + convert::<u64>().await;
        let same = sum > 0 && a == gather::<Vec<_>>(ctx, 1).await;
        // Streams and adapters of futures.
        self.numbers = stream::iter([1, 2]).collect().await;
        self.numbers = stream::iter(lists).concat().await;
        self.numbers = stream::iter([1_u32, 2])
            .map(Ok::<_, Error>)
            .try_collect()
            .await?;
        self.numbers = stream::iter([1, 2])
            .then(|n| async move { double::call(ctx, n).await.unwrap_or(n) })
            .collect()
            .await;
        let mapped: String = double::call(ctx, 1)
            .map(|n| n.map(|n| n.to_string()))
            .await?;
        // Coercions happen outside of the await.
        self.boxed = Some(Box::new(double::call(ctx, 1).await?));
        let wide: Box<dyn Debug> = async { Box::new(1) }.await;
        let slice: &[u32] = &async { [1, 2] }.await;
        let function: fn(u32) -> u32 = async { |n| n + 1 }.await;
        // Parsed, converted, summed.
        let parsed: u32 = async { "1".parse() }.await?;
        let number: u64 = double::call(ctx, 1).await?.into();
        self.n = double::call(ctx, 1).await?.into();
        let total: u32 = join_all([double::call(ctx, 1)])
            .await
            .into_iter()
            .sum::<Result<_, _>>()?;
        let all: Vec<_> = try_join_all([double::call(ctx, 1)]).await?;
        let text = format!(
            "{wide:?} {slice:?} {} {same} {mapped} {some:?}",
            function(b)
        );
        takes(&all, vec![parsed, number as u32, total, text.len() as u32]);
        drop((pair.right, ctx.spawn(async { Vec::<u8>::new() }).await));
        if self.n > 0 {
            return try_gather(ctx, 1).await;
        }
        Ok(self.helper(ctx).await)
    }

    async fn helper<T: FromIterator<u32>>(&mut self, ctx: &Ctx) -> T {
        self.n += 1;
        gather(ctx, 3).await
    }
}

async fn takes_all(ctx: &Ctx) -> Vec<u32> {
    gather(ctx, 1).await
}

fn main() {}
