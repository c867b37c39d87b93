//! Replay of one workflow run, without IO.
#![forbid(unsafe_code)]

/// One encoded value.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {}
