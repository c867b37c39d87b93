//! Mistakes under `#[derive(durably::Failure)]`.

use std::fmt;

pub(crate) enum FailureMistake {
    OnOther,
    Generic,
    Borrows,
    BorrowedField(Option<&'static str>),
    OpaqueField,
    OptionOnField,
    TwoCauses,
    SameName(String, String),
    NoNextAttempt,
    SerdeOfUnnamed,
    SerdeConversion,
    SerdeOfShape,
    ReservedName(String),
}

impl fmt::Display for FailureMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnOther => {
                f.write_str("`#[derive(durably::Failure)]` goes on the struct or enum of an error")
            }
            Self::Generic => f.write_str(
                "an error is found by the name of its type, so the type cannot be generic; write one type for each case",
            ),
            Self::Borrows => f.write_str(
                "an error is decoded in another process, so its fields cannot be borrowed; drop the lifetime and use owned types",
            ),
            Self::BorrowedField(Some(instead)) => write!(
                f,
                "an error is decoded in another process, so its fields cannot be borrowed; use `{instead}`"
            ),
            Self::BorrowedField(None) => f.write_str(
                "an error is decoded in another process, so its fields cannot be borrowed; drop the `&`",
            ),
            Self::OpaqueField => f.write_str(
                "a field is decoded in another process, which needs its type; use a concrete type, or mark the error's source with `#[source]`",
            ),
            Self::OptionOnField => f.write_str(
                "`#[failure(..)]` describes a variant or the type; put it there, before the variant's or the type's name",
            ),
            Self::TwoCauses => f.write_str(
                "an error has one source; keep one `#[from]`, `#[source]` or field named `source`",
            ),
            Self::SameName(name, other) => write!(
                f,
                "variant `{other}` is called `{name}` in failures already; give this one another `name`"
            ),
            Self::NoNextAttempt => f.write_str(
                "a non-retryable failure has no next attempt to wait for; remove `next_retry_delay` or `non_retryable`",
            ),
            Self::SerdeOfUnnamed => f.write_str(
                "a field without a name is encoded by its type alone; remove `serde`, or give the field a name",
            ),
            Self::SerdeOfShape => f.write_str(
                "of serde's attributes, only those of the fields apply to a failure; put it on the fields, or give a variant or type another name with `#[failure(name = \"..\")]`",
            ),
            Self::ReservedName(name) => write!(
                f,
                "durably itself reports failures of the type `{name}`; give this error another name: `#[failure(name = \"..\")]`"
            ),
            Self::SerdeConversion => f.write_str(
                "a field of an error is not converted by functions; use a type that serde serialises as wanted",
            ),
        }
    }
}
