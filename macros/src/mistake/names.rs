//! Mistakes in names: duplicates, and names of generated methods.

use std::fmt;

use proc_macro2::Ident;

use crate::syntax::marker::Marker;

pub(crate) enum NameMistake<'a> {
    DeclaredTwice(Marker, &'a str, &'a Ident),
    FirstDeclared,
    ReservedWireName(&'a str),
    HiddenByHandle {
        name: &'a str,
        marker: Marker,
        wire: &'a str,
    },
    GeneratedToo {
        name: &'a str,
        owner: &'a Ident,
        handler: Option<(Marker, &'a str)>,
    },
    StubMethod(&'a Ident),
}

impl fmt::Display for NameMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeclaredTwice(marker, name, owner) => write!(
                f,
                "{} `{name}` is declared twice in `{owner}`; rename one",
                marker.word()
            ),
            Self::FirstDeclared => f.write_str("the first one is here"),
            Self::ReservedWireName(name) => {
                write!(f, "`{name}` is reserved by Temporal; choose another name")
            }
            Self::HiddenByHandle { name, marker, wire } => write!(
                f,
                "every handle already has a method `{name}`, which would hide this {0}; rename the Rust method and keep the wire name: `#[{0}(name = \"{wire}\")] fn {name}_..`",
                marker.word()
            ),
            Self::GeneratedToo {
                name,
                owner,
                handler: Some((marker, wire)),
            } => write!(
                f,
                "`#[workflow]` generates `{owner}::{name}`; rename the Rust method and keep the wire name: `#[{}(name = \"{wire}\")] fn {name}_..`",
                marker.word()
            ),
            Self::GeneratedToo {
                name,
                owner,
                handler: None,
            } => write!(
                f,
                "`#[workflow]` generates `{owner}::{name}`; rename this method"
            ),
            Self::StubMethod(name) => write!(
                f,
                "every stub already has `{name}`; rename the method and keep the wire name: `#[activity(name = \"{name}\")]`"
            ),
        }
    }
}
