//! `#[durably::data]` on a union.

#[durably::data]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {}
