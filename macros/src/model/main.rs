//! A program's `async fn main`.

use syn::ItemFn;

use crate::{diag::Errors, mistake::Mistake};

/// Whether the function can be run.
pub(crate) fn check(function: &ItemFn, errors: &mut Errors) -> bool {
    let before = errors.count();
    if function.sig.asyncness.is_none() {
        errors.on(function.sig.fn_token, Mistake::MainNotAsync);
    }
    if !function.sig.inputs.is_empty() {
        errors.on(&function.sig.inputs, Mistake::MainTakesArguments);
    }
    errors.count() == before
}
