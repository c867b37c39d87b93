//! Outputs: checks a method's return type.

use syn::Type;

use super::payload_type::{self, Obstacle};
use crate::{
    diag::Errors,
    mistake::SignatureMistake,
    syntax::{
        marker::Marker,
        signature::{Output, ungrouped},
    },
};

/// Checks that the output can be a payload, and replaces `Self` by the type.
pub(crate) fn of(
    output: Output,
    self_ty: Option<&Type>,
    marker: Marker,
    errors: &mut Errors,
) -> Option<Output> {
    let (Output::Value(ty) | Output::Fallible(ty)) = &output else {
        return Some(output);
    };
    if matches!(ungrouped(ty), Type::Never(_)) {
        errors.on(ty, SignatureMistake::NeverResult(marker));
        return None;
    }
    match payload_type::obstacle(ty) {
        Some(Obstacle::Borrowed(tokens, instead)) => {
            errors.on(tokens, SignatureMistake::BorrowedResult(marker, instead));
            return None;
        }
        Some(Obstacle::Opaque(tokens)) => {
            errors.on(tokens, SignatureMistake::OpaqueResult(marker));
            return None;
        }
        Some(Obstacle::Unsized(tokens, instead)) if marker.is_of_workflow() => {
            errors.on(tokens, SignatureMistake::UnsizedResult(marker, instead));
            return None;
        }
        // rustc reports a missing type in every function.
        Some(Obstacle::Unsized(..)) => return None,
        None => {}
    }
    let written_out = |ty: &Type| match self_ty {
        Some(self_ty) => payload_type::without_self(ty, self_ty),
        None => ty.clone(),
    };
    Some(match &output {
        Output::Unit => Output::Unit,
        Output::Value(ty) => Output::Value(written_out(ty)),
        Output::Fallible(ty) => Output::Fallible(written_out(ty)),
    })
}
