//! Tests of workflows: replay of recorded histories.

pub mod replay;
#[cfg(feature = "simulation")]
pub mod simulation;
