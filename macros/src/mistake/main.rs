//! Mistakes under `#[durably::main]`.

use std::fmt;

pub(crate) enum MainMistake {
    OnOther,
    NotAsync,
    TakesArguments,
}

impl fmt::Display for MainMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnOther => f.write_str("`#[durably::main]` goes on `async fn main`"),
            Self::NotAsync => f.write_str(
                "`#[durably::main]` runs an async `main`; write `async fn main()`, or remove the attribute",
            ),
            Self::TakesArguments => f.write_str(
                "`main` takes no arguments; read them with `std::env::args()`",
            ),
        }
    }
}
