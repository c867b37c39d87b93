//! How to write workflows and run them: a guide, in the order in which one needs it.
#![expect(
    clippy::test_attr_in_doctest,
    reason = "the test is shown as users write it"
)]
// Its programs need the feature `server`: `pages` in lib.rs compiles them.
#![cfg_attr(not(doctest), doc = include_str!("docs/guide.md"))]

#[doc = include_str!("docs/determinism.md")]
pub mod determinism {}

#[doc = include_str!("docs/changing_workflows.md")]
pub mod changing_workflows {}
