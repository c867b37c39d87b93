//! Random numbers that replay repeats.

use std::{convert::Infallible, rc::Rc};

use rand::{RngExt, TryRng};
use uuid::Uuid;

use crate::instance::{core::Core, generator::Generator};

/// Random numbers of a run: the same at every replay, different in every run.
///
/// It implements [`rand::Rng`], so `rand`'s traits and whatever takes a generator work on it. All
/// generators of [`Ctx::rng`](super::Ctx::rng) draw from one sequence of the run; each name of
/// [`Ctx::rng_named`](super::Ctx::rng_named) has a sequence of its own.
///
/// Not for secrets: who can read the history can compute the numbers.
///
/// ```
/// use durably::{prelude::*, workflow::Random};
/// use rand::{RngExt, seq::SliceRandom};
///
/// fn shuffled(ctx: &Ctx, mut names: Vec<String>) -> (Vec<String>, u32) {
///     let mut rng: Random = ctx.rng();
///     names.shuffle(&mut rng);
///     (names, rng.random_range(1..=6))
/// }
/// ```
#[derive(Clone)]
pub struct Random {
    core: Rc<Core>,
    /// The sequence of a name; none is the run's own.
    named: Option<Rc<Generator>>,
}

impl Random {
    pub(crate) fn new(core: &Rc<Core>) -> Self {
        Self {
            core: core.clone(),
            named: None,
        }
    }

    pub(crate) fn named(core: &Rc<Core>, name: &str) -> Self {
        Self {
            core: core.clone(),
            named: Some(core.random.named(name)),
        }
    }

    fn next(&self) -> u64 {
        self.core.assert_commands_allowed();
        match &self.named {
            Some(generator) => generator.next(),
            None => self.core.random.main.next(),
        }
    }
}

/// A random UUID (version 4) that replay repeats.
#[track_caller]
pub(crate) fn uuid(core: &Rc<Core>) -> Uuid {
    core.assert_commands_allowed();
    uuid::Builder::from_random_bytes(Random::new(core).random()).into_uuid()
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        for chunk in into.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
        Ok(())
    }
}
