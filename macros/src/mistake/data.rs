//! Mistakes under `#[durably::data]`.

use std::fmt;

pub(crate) enum DataMistake {
    OnOther,
    Borrows,
    BorrowedField(Option<&'static str>),
    DerivedTwice(&'static str),
}

impl fmt::Display for DataMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnOther => {
                f.write_str("`#[durably::data]` goes on a struct or an enum that is serialised as a payload")
            }
            Self::Borrows => f.write_str(
                "a payload type owns what it holds, because it is decoded elsewhere; drop the lifetime and use owned fields",
            ),
            Self::BorrowedField(Some(instead)) => write!(
                f,
                "a payload type owns what it holds, because it is decoded elsewhere; use `{instead}`"
            ),
            Self::BorrowedField(None) => f.write_str(
                "a payload type owns what it holds, because it is decoded elsewhere; drop the `&`",
            ),
            Self::DerivedTwice(name) => write!(
                f,
                "`#[durably::data]` derives `{name}` already; drop one of the two"
            ),
        }
    }
}
