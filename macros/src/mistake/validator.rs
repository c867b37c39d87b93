//! Mistakes in validators of updates.

use std::fmt;

use proc_macro2::Ident;

use crate::syntax::marker::Marker;

pub(crate) enum ValidatorMistake<'a> {
    NotFound(&'a Ident, Option<&'a str>),
    Itself(&'a Ident),
    Marked(&'a Ident, Marker),
    Generic,
    NotPlain,
    LooksOnly,
    ViewLast,
    Async,
    Receiver,
    GivesNothing,
    Arguments { update: usize, validator: usize },
    TakesReferences,
}

impl fmt::Display for ValidatorMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(name, Some(near)) => write!(
                f,
                "this block has no method `{name}`, did you mean `{near}`?"
            ),
            Self::NotFound(name, None) => write!(
                f,
                "this block has no method `{name}`; a validator is a method of the same block: `fn {name}(&self, ..) -> Result<(), String>`"
            ),
            Self::Itself(name) => write!(
                f,
                "an update cannot be its own validator; write a method beside it: `fn check_{name}(&self, ..) -> Result<(), String>`"
            ),
            Self::Marked(name, marker) => write!(
                f,
                "`{name}` is marked `{marker}`; a validator is a plain method, which looks at the update's arguments: `fn check(&self, ..) -> Result<(), String>`"
            ),
            Self::Generic => f.write_str(
                "a validator looks at the arguments of its update, so it takes no type parameters; write their types",
            ),
            Self::NotPlain => f.write_str("the SDK calls a validator itself, so it is a plain safe `fn`"),
            Self::LooksOnly => {
                f.write_str("a validator only looks at the arguments; write `&` without `mut`")
            }
            Self::ViewLast => f.write_str("a validator's `view: &View` comes first; move it to the front"),
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
