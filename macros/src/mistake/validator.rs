//! Validators of updates.

use std::fmt;

use proc_macro2::Ident;

pub(crate) enum ValidatorMistake<'a> {
    NotFound(&'a Ident),
    Async,
    Receiver,
    GivesNothing,
    Arguments { update: usize, validator: usize },
    TakesReferences,
}

impl fmt::Display for ValidatorMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(name) => write!(
                f,
                "this block has no method `{name}`; a validator stands beside its update: `fn {name}(&self, ..) -> Result<(), String>`"
            ),
            Self::Async => f.write_str(
                "a validator decides before the update leaves a trace, so it cannot await; drop `async`",
            ),
            Self::Receiver => {
                f.write_str("a validator only looks at the workflow's state: take `&self`")
            }
            Self::GivesNothing => f.write_str(
                "a validator says whether the update is accepted: return `Result<(), E>`, where `E` is `Display`",
            ),
            Self::Arguments { update, validator } => write!(
                f,
                "the update has {} and its validator takes {validator}; take the same ones by reference, after an optional `view: &View`",
                count(*update, "argument")
            ),
            Self::TakesReferences => {
                f.write_str("a validator looks at the arguments by reference: write `&` before this type")
            }
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
