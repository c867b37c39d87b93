//! Longer reading: how to write workflows that last.

#[expect(
    clippy::test_attr_in_doctest,
    reason = "the test is shown as users write it"
)]
#[doc = include_str!("docs/determinism.md")]
pub mod determinism {}

#[doc = include_str!("docs/changing_workflows.md")]
pub mod changing_workflows {}
