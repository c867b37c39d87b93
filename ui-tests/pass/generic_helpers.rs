//! A poll: helper types with type parameters, generic functions, a state made of them.
#![deny(warnings)]

use std::{collections::BTreeMap, fmt::Debug, ops::AddAssign};

use durably::prelude::*;

/// Counts how often each thing was seen.
#[derive(Clone, Debug)]
pub struct Tally<K, N = u32> {
    seen: BTreeMap<K, N>,
}

impl<K, N> Default for Tally<K, N> {
    fn default() -> Self {
        Self {
            seen: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone + Debug, N: AddAssign + Default + Copy + Ord> Tally<K, N> {
    fn add(&mut self, key: K, n: N) {
        *self.seen.entry(key).or_default() += n;
    }

    fn best(&self) -> Option<(&K, N)> {
        self.seen
            .iter()
            .map(|(key, n)| (key, *n))
            .max_by_key(|(_, n)| *n)
    }
}

#[durably::data]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    Yes,
    No,
}

#[activity(start_to_close = "10s")]
pub async fn publish(line: String) -> usize {
    line.len()
}

#[derive(Default)]
pub struct Poll {
    answers: Tally<Answer>,
    weights: Tally<String, u64>,
    closed: bool,
}

#[workflow(task_queue = "polls")]
impl Poll {
    #[run]
    async fn run(&mut self, ctx: &Ctx, until: Option<u64>) -> Result<(Option<Answer>, usize)> {
        let patience = until.map_or(days(1), secs);
        within(ctx, patience, ctx.wait_until(|| self.closed)).await;
        let best = self.answers.best().map(|(answer, _)| *answer);
        let lines = self.lines::<2>();
        let published = map_all(&lines, |line| publish::call(ctx, line));
        let lengths: Vec<usize> = try_join_all(published).await?;
        Ok((best, lengths.into_iter().sum()))
    }

    #[signal]
    fn answer(&mut self, from: String, answer: Answer) {
        self.answers.add(answer, 1);
        self.weights.add(from, 2);
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    /// Helpers of the block may be generic: nothing calls them from outside.
    fn lines<const N: usize>(&self) -> Vec<String> {
        self.weights.seen.keys().take(N).map(label).collect()
    }
}

/// Waits for a future, but not for ever.
async fn within<F: Future>(ctx: &Ctx, patience: std::time::Duration, wait: F) -> Option<F::Output> {
    race(wait, ctx.sleep(patience)).await.first()
}

fn map_all<'a, T, F, R>(all: &'a [T], f: F) -> impl Iterator<Item = R> + 'a
where
    F: Fn(&'a T) -> R + 'a,
{
    all.iter().map(f)
}

fn label<T: Debug + ?Sized>(what: &T) -> String {
    format!("{what:?}")
}

fn main() {}
