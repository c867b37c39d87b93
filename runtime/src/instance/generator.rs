//! The random number sequence of a run.

use std::cell::Cell;

/// xoshiro256++, seeded through splitmix64 as its authors advise.
///
/// Its numbers decide what workflows do, so it is spelt out here and must never change.
pub(crate) struct Generator(Cell<[u64; 4]>);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        let generator = Self(Cell::new([0; 4]));
        generator.reseed(seed);
        generator
    }

    pub(crate) fn reseed(&self, seed: u64) {
        let mut at = seed;
        self.0.set(std::array::from_fn(|_| {
            at = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
            finish(at)
        }));
    }

    /// Its position in the sequence.
    pub(crate) fn position(&self) -> [u64; 4] {
        self.0.get()
    }

    pub(crate) fn next(&self) -> u64 {
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

/// The seed of the sequence `name` in a run with this seed.
///
/// FNV-1a over the name, then the finisher of SplitMix64. It must never change either.
pub(crate) fn seed_of(run_seed: u64, name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ run_seed;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    finish(hash)
}

/// The finisher of SplitMix64.
const fn finish(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
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

        assert_eq!(seed_of(0, ""), 0xf52a_15e9_a9b5_e89b);
        assert_eq!(seed_of(7, "lottery"), 0x8790_9a21_f3e6_1b5a);
        assert_ne!(seed_of(1, "lottery"), seed_of(1, "shuffle"));
        assert_ne!(seed_of(1, "lottery"), seed_of(2, "lottery"));

        let seeded = Generator::new(0);
        assert_eq!(seeded.0.get()[0], 0xe220_a839_7b1d_cdaf, "splitmix64 of 0");
    }
}
