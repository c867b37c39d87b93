//! Tests of workflows: replay of recorded histories.

pub mod replay;
