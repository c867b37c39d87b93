//! Mistakes under `#[durably::data]`.

use std::fmt;

use crate::model::data::MessageEncoding;

pub(crate) enum DataMistake {
    OnOther,
    Borrows,
    BorrowedField(Option<&'static str>),
    DerivedTwice(&'static str),
    EncodingOfSerde,
    UnknownEncoding(String),
}

impl fmt::Display for DataMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnOther => {
                f.write_str("`#[durably::data]` goes on the struct or enum that is serialised as a payload")
            }
            Self::Borrows => f.write_str(
                "a payload type is decoded in another process, so its fields cannot be borrowed; drop the lifetime and use owned types",
            ),
            Self::BorrowedField(Some(instead)) => write!(
                f,
                "a payload type is decoded in another process, so its fields cannot be borrowed; use `{instead}`"
            ),
            Self::BorrowedField(None) => f.write_str(
                "a payload type is decoded in another process, so its fields cannot be borrowed; drop the `&`",
            ),
            Self::DerivedTwice(name) => write!(
                f,
                "`#[durably::data]` derives `{name}` already; remove this one"
            ),
            Self::EncodingOfSerde => f.write_str(
                "`json/plain` is the encoding of `#[durably::data]` types without the option; remove `encoding`",
            ),
            Self::UnknownEncoding(found) => write!(
                f,
                "`{found}` is not an encoding of protobuf messages; write `\"{}\"` or `\"{}\"`, or implement \
                 `durably::Encoding` for an encoding of your own",
                MessageEncoding::BINARY,
                MessageEncoding::JSON,
            ),
        }
    }
}
