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
                "an update cannot be its own validator; write another method: `fn check_{name}(&self, ..) -> Result<(), String>`"
            ),
            Self::Marked(name, marker) => write!(
                f,
                "`{name}` is marked `{marker}`, and a validator is a plain method; write another method: `fn check(&self, ..) -> Result<(), String>`"
            ),
            Self::Generic => f.write_str(
                "a validator takes the arguments of its update, so it cannot be generic; write concrete types",
            ),
            Self::NotPlain => f.write_str("the SDK calls a validator, so it cannot be `unsafe`; write a plain `fn`"),
            Self::LooksOnly => {
                f.write_str("a validator only reads the arguments; write `&` without `mut`")
            }
            Self::ViewLast => f.write_str("the context is the first argument, by reference; move it to the front"),
            Self::Async => f.write_str(
                "a validator runs before the update is in history, so it cannot await; drop `async`",
            ),
            Self::Receiver => {
                f.write_str("a validator only reads the workflow's state; take `&self`")
            }
            Self::GivesNothing => f.write_str(
                "a validator accepts or rejects the update; return `Result<(), E>`, where `E` implements `Display`",
            ),
            Self::Arguments { update, validator } => write!(
                f,
                "the update has {} and its validator takes {validator}; take the same ones, by reference, after an optional `view: &View`",
                count(*update, "argument")
            ),
            Self::TakesReferences => {
                f.write_str("a validator takes the arguments by reference; write `&` before this type")
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
