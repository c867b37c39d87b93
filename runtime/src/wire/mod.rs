//! Messages to domain types and back.

pub(crate) mod options;
