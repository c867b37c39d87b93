//! Longer reading: how to write workflows that last.

#[doc = include_str!("docs/determinism.md")]
pub mod determinism {}

#[doc = include_str!("docs/changing_workflows.md")]
pub mod changing_workflows {}
