//! Jitter: how much later than its nominal time an action is, decided by a hash.
//!
//! The hash is FarmHash's 32-bit fingerprint of the time, as Go encodes it, and a seed. With the seed
//! of a schedule of the real server the result is the same as there. The crates that have FarmHash are
//! no longer maintained, and the one branch of it that is needed here is short.

/// The jitter of a nominal time, in whole milliseconds below `most_millis`.
pub(super) fn millis(unix: i64, seed: &str, most_millis: u64) -> u64 {
    // `time.Time.MarshalBinary`: version, seconds since the year 1, nanoseconds, and -1 for UTC.
    let seconds = unix.wrapping_add(YEAR_1_TO_1970);
    let mut bytes = Vec::with_capacity(15 + seed.len());
    bytes.push(1);
    bytes.extend(seconds.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 0xff, 0xff]);
    bytes.extend(seed.as_bytes());
    let most = most_millis.min(u64::from(u32::MAX));
    (u64::from(fingerprint(&bytes)) * most) >> 32
}

/// FarmHash's `Fingerprint32`; bytes up to its shortest length are padded, which only seeds that are
/// not a schedule's are.
fn fingerprint(bytes: &[u8]) -> u32 {
    let mut padded;
    let bytes = match bytes.len() > SHORTEST {
        true => bytes,
        false => {
            padded = bytes.to_vec();
            padded.resize(SHORTEST + 1, 0);
            &padded
        }
    };
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let word = |at: usize| {
        let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
        u32::from_le_bytes(word.expect("it lies within the bytes"))
    };
    let end = bytes.len();
    let mut h = length;
    let mut g = C1.wrapping_mul(length);
    let mut f = g;
    h = murmur(word(end - 16), murmur(word(end - 4), h));
    g = murmur(word(end - 12), murmur(word(end - 8), g));
    f = f
        .wrapping_add(mixed(word(end - 20)))
        .rotate_right(19)
        .wrapping_add(113);
    for chunk in 0..(end - 1) / 20 {
        let at = chunk * 20;
        let [a, b, c, d, e] = [0, 4, 8, 12, 16].map(|offset| word(at + offset));
        h = h.wrapping_add(a);
        g = g.wrapping_add(b);
        f = f.wrapping_add(c);
        h = murmur(d, h).wrapping_add(e);
        g = murmur(c, g).wrapping_add(a);
        f = murmur(b.wrapping_add(e.wrapping_mul(C1)), f).wrapping_add(d);
        f = f.wrapping_add(g);
        g = g.wrapping_add(f);
    }
    g = g.rotate_right(11).wrapping_mul(C1);
    g = g.rotate_right(17).wrapping_mul(C1);
    f = f.rotate_right(11).wrapping_mul(C1);
    f = f.rotate_right(17).wrapping_mul(C1);
    h = step(h.wrapping_add(g)).rotate_right(17).wrapping_mul(C1);
    step(h.wrapping_add(f)).rotate_right(17).wrapping_mul(C1)
}

fn mixed(word: u32) -> u32 {
    word.wrapping_mul(C1).rotate_right(17).wrapping_mul(C2)
}

fn step(h: u32) -> u32 {
    h.rotate_right(19).wrapping_mul(5).wrapping_add(N)
}

fn murmur(word: u32, h: u32) -> u32 {
    step(h ^ mixed(word))
}

const C1: u32 = 0xcc9e_2d51;
const C2: u32 = 0x1b87_3593;
const N: u32 = 0xe654_6b64;
const SHORTEST: usize = 24;
const YEAR_1_TO_1970: i64 = 62_135_596_800;
