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
mod tokens;

use quote::ToTokens;
use syn::{Attribute, ItemImpl, LitStr, Type, parse_quote, visit_mut::VisitMut as _};

use self::{check::Check, iteration::Iterated};
use crate::{
    diag::Errors,
    mistake::DeterminismMistake,
    syntax::{marker::Marker, options::Options},
};

/// Checks the bodies and signatures of a block, and removes the permits. Returns what remains to check by type.
pub(crate) fn check_block(block: &mut ItemImpl, errors: &mut Errors) -> Vec<Iterated> {
    Check::of_code(errors).block(block)
}

/// Checks the type of a field.
pub(crate) fn check_type(ty: &Type, errors: &mut Errors) {
    Check::of_field(errors).visit_type_mut(&mut ty.clone());
}

/// Replaces the permits among attributes by an `allow` for clippy; returns whether there was one.
pub(crate) fn lift_permits(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> bool {
    let permitted = take_permits(attributes, errors);
    if permitted {
        attributes.push(permit_of_clippy());
    }
    permitted
}

/// Removes the permits among attributes, without an `allow` in their place.
fn take_permits(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> bool {
    let is_permit = |it: &Attribute| Marker::of(it) == Some(Marker::AllowNondeterminism);
    for permit in attributes.iter().filter(|it| is_permit(it)) {
        let options = Options::of(permit, Marker::AllowNondeterminism, errors);
        reason(options, permit.path(), errors);
    }
    let before = attributes.len();
    attributes.retain(|it| !is_permit(it));
    attributes.len() < before
}

/// The `allow` that permits the same to clippy.
fn permit_of_clippy() -> Attribute {
    parse_quote! {
        #[allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]
    }
}

/// Checks the required reason of a permit.
pub(crate) fn reason(mut options: Options, place: impl ToTokens, errors: &mut Errors) {
    let before = errors.count();
    let reason: Option<LitStr> = options.text("reason", errors).map(|given| given.value);
    options.finish(errors);
    if reason.is_none() && errors.count() == before {
        errors.on(place, DeterminismMistake::NoReason);
    }
}
