//! Syntax stage: parses attributes and items, and keeps spans. Whether the parsed code is a valid
//! workflow or activity is checked in `model`.

pub(crate) mod activity_fn;
pub(crate) mod block;
pub(crate) mod duration;
pub(crate) mod incomplete;
pub(crate) mod inherited_attributes;
pub(crate) mod macro_body;
pub(crate) mod marker;
pub(crate) mod options;
pub(crate) mod signature;
