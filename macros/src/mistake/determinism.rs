//! Mistakes that make workflow code nondeterministic.

use std::fmt;

use proc_macro2::Ident;

pub(crate) enum DeterminismMistake<'a> {
    Refused {
        name: &'a str,
        why: &'a str,
        instead: &'a str,
        /// The items on which a permit is allowed here.
        permit_on: &'a str,
    },
    SharedStatic(&'a Ident),
    NoReason,
}

impl fmt::Display for DeterminismMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused {
                name,
                why,
                instead,
                permit_on,
            } => write!(
                f,
                "`{name}` {why}; use {instead} instead\n\
                 (if this can never influence commands, permit it: `#[allow_nondeterminism(reason = \"..\")]` on the {permit_on})"
            ),
            Self::SharedStatic(name) => write!(
                f,
                "`{name}` is shared by all runs of this worker, so replaying the workflow would diverge; keep it in a field of `self`\n\
                 (if this can never influence commands, permit it: `#[allow_nondeterminism(reason = \"..\")]` on the statement or fn)"
            ),
            Self::NoReason => f.write_str(
                "`#[allow_nondeterminism]` needs the reason why this can never influence commands; write `#[allow_nondeterminism(reason = \"..\")]`",
            ),
        }
    }
}
