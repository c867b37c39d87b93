//! Search attributes with types: keys, values, and filters of lists.
//!
//! The server indexes search attributes, so their payloads are JSON whatever the client's format is, and
//! the metadata `type` has the name of the attribute's type, as other SDKs write it.

mod filter;
mod key;
mod kind;
mod value;

#[cfg(test)]
mod tests;

pub use self::{
    filter::Filter,
    key::{SearchKey, SearchUpdate},
    kind::{Keyword, KeywordList, Ordered, SearchKind, Text},
    value::SearchValue,
};
