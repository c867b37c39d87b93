//! Determinism checks: reports nondeterministic operations in workflow code, as far as written paths
//! show them.
//!
//! [`denylist`] lists the operations, [`check`] finds them, and the calls of [`awaiting_macros`]. Macros see no
//! types, so aliases, helpers in other files and methods on values are left to clippy, whose configuration is generated from the
//! same list, and to the checks at run time.

mod awaiting_macros;
mod check;
#[cfg(test)]
mod clippy;
mod denylist;
pub(crate) mod iteration;
mod permits;
mod statics;
mod tokens;

pub(crate) use permits::{lift_permits, reason};

use syn::{ItemImpl, Type, visit_mut::VisitMut as _};

use self::{check::Check, iteration::Iterated};
use crate::diag::Errors;

/// Checks the bodies and signatures of a block, and removes the permits. Returns what remains to check by type.
pub(crate) fn check_block(block: &mut ItemImpl, errors: &mut Errors) -> Vec<Iterated> {
    Check::of_code(errors).block(block)
}

/// Checks the type of a field.
pub(crate) fn check_type(ty: &Type, errors: &mut Errors) {
    Check::of_field(errors).visit_type_mut(&mut ty.clone());
}
