//! Random numbers that replay repeats.

use std::{cell::Cell, convert::Infallible, rc::Rc};

use rand::TryRng;

use super::core::Core;

/// Random numbers of a run: the same at every replay, different in every run.
///
/// It implements [`rand::Rng`], so `rand`'s traits and whatever takes a generator work on it. All
/// generators of a run draw from one sequence.
///
/// Not for secrets: who can read the history can compute the numbers.
#[derive(Clone)]
pub struct Random {
    core: Rc<Core>,
}

impl Random {
    pub(super) fn new(core: &Rc<Core>) -> Self {
        Self { core: core.clone() }
    }

    fn next(&self) -> u64 {
        self.core.assert_commands_allowed();
        self.core.random.next()
    }
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

/// xoshiro256++, seeded through splitmix64 as its authors advise.
///
/// Its numbers decide what workflows do, so it is spelt out here and must never change.
pub(super) struct Generator(Cell<[u64; 4]>);

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        let generator = Self(Cell::new([0; 4]));
        generator.reseed(seed);
        generator
    }

    pub(super) fn reseed(&self, seed: u64) {
        let mut at = seed;
        self.0.set(std::array::from_fn(|_| {
            at = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = at;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }));
    }

    pub(super) fn next(&self) -> u64 {
        let mut s = self.0.get();
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        self.0.set(s);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_seed_never_change() {
        let generator = Generator(Cell::new([1, 2, 3, 4]));
        // The first numbers of the authors' reference implementation for this state.
        let expected = [41_943_041, 58_720_359, 3_588_806_011_781_223];
        assert_eq!([(); 3].map(|()| generator.next()), expected);

        let seeded = Generator::new(0);
        assert_eq!(seeded.0.get()[0], 0xe220_a839_7b1d_cdaf, "splitmix64 of 0");
    }
}
