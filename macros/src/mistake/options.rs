//! Options of attributes and their values.

use std::fmt;

use proc_macro2::Ident;

use super::nearest::nearest;
use crate::syntax::{duration::Wrong, marker::Marker};

pub(crate) enum OptionMistake<'a> {
    InParentheses(Marker),
    NeedsKeys(Marker),
    Twice(&'a Ident),
    Unknown {
        key: &'a Ident,
        marker: Marker,
        known: &'a [&'static str],
    },
    NeedsText(&'static str, &'static str),
    NeedsMethod(&'static str),
    NeedsPath(&'static str),
    EmptyText(&'static str),
    FlagHasValue(&'static str),
    CountFromOne(&'static str),
    Duration(&'a Wrong),
    LongerThanWhole(&'static str, &'static str),
}

impl fmt::Display for OptionMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InParentheses(marker) => write!(
                f,
                "options of `{marker}` go in parentheses: `#[{}(..)]`",
                marker.word()
            ),
            Self::NeedsKeys(marker) => write!(
                f,
                "`{marker}` takes options by key, such as `name = \"..\"`"
            ),
            Self::Twice(key) => write!(f, "`{key}` is given twice; keep one"),
            Self::Unknown {
                key,
                marker,
                known: [],
            } => {
                write!(f, "`{marker}` takes no options; remove `{key}`")
            }
            Self::Unknown { key, marker, known } => {
                write!(f, "unknown option `{key}` for `{marker}`")?;
                if let Some(near) = nearest(&key.to_string(), known) {
                    write!(f, ", did you mean `{near}`?")?;
                }
                write!(f, " (known: {})", known.join(", "))
            }
            Self::NeedsText(key, example) => {
                write!(f, "`{key}` takes a text: `{key} = {example}`")
            }
            Self::NeedsMethod(key) => write!(
                f,
                "`{key}` takes the name of a method of this block: `{key} = check_order`"
            ),
            Self::NeedsPath(key) => {
                write!(f, "`{key}` takes a path: `{key} = ::my_crate::durably`")
            }
            Self::EmptyText(key) => write!(
                f,
                "`{key}` is empty; give it a text, or leave it out for the default"
            ),
            Self::FlagHasValue(key) => write!(f, "`{key}` stands alone, without a value"),
            Self::CountFromOne(key) => write!(
                f,
                "`{key}` is a whole number from 1; leave it out for no limit"
            ),
            Self::Duration(wrong) => wrong.fmt(f),
            Self::LongerThanWhole(part, whole) => write!(
                f,
                "`{part}` is longer than `{whole}`, so it could never run out; shorten it or leave it out"
            ),
        }
    }
}
