use durably::prelude::*;

#[activity]
struct Pay;

fn main() {}
