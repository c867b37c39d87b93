//! An option of another runtime given to `#[durably::main]`.

#[durably::main(flavor = "current_thread")]
async fn main() {}
