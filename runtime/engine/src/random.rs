//! Where the random numbers of a run begin.

/// The seed that belongs to a run: the same on every machine, in every version, for ever.
///
/// FNV-1a over the run id, then the finisher of SplitMix64, so that ids that differ in one digit
/// begin far apart. Changing it changes what running workflows see on replay.
pub(crate) fn seed(run_id: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in run_id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::seed;

    #[test]
    fn seeds_never_change() {
        assert_eq!(
            seed("5f3c1a52-0c2f-4a2e-9d6f-0a4f7ad5c001"),
            17_668_227_300_907_321_150
        );
    }
}
