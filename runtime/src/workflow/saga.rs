//! Compensations.

/// Compensations, run newest first and shielded from cancellation.
#[derive(Default)]
pub struct Saga {}
