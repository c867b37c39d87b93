//! What replay would do differently.

use std::fmt;

use proc_macro2::Ident;

pub(crate) enum DeterminismMistake<'a> {
    Nondeterministic { what: &'a str, instead: &'a str },
    SharedStatic(&'a Ident),
    NoReason,
}

impl fmt::Display for DeterminismMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nondeterministic { what, instead } => write!(
                f,
                "{what} is not deterministic, so replaying this workflow would diverge; use {instead} instead\n\
                 (if this can never influence commands, say so: `#[allow_nondeterminism(reason = \"..\")]` on the statement or fn)"
            ),
            Self::SharedStatic(name) => write!(
                f,
                "`{name}` is shared by all runs of this worker, so replaying this workflow would diverge; keep it in a field of `self`\n\
                 (if this can never influence commands, say so: `#[allow_nondeterminism(reason = \"..\")]` on the fn)"
            ),
            Self::NoReason => f.write_str(
                "say why this can never influence commands: `#[allow_nondeterminism(reason = \"..\")]`",
            ),
        }
    }
}
