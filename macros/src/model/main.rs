//! Main functions: checks the function under `#[durably::main]`.

use syn::ItemFn;

use crate::{diag::Errors, mistake::MainMistake};

/// Checks that the function is an `async fn main` that a runtime can run.
pub(crate) fn check(function: &ItemFn, errors: &mut Errors) -> bool {
    let before = errors.count();
    if function.sig.ident != "main" && !function.sig.inputs.is_empty() {
        errors.on(&function.sig.ident, MainMistake::OnOther);
        return false;
    }
    if function.sig.asyncness.is_none() {
        errors.on(function.sig.fn_token, MainMistake::NotAsync);
    }
    if !function.sig.inputs.is_empty() {
        errors.on(&function.sig.inputs, MainMistake::TakesArguments);
    }
    errors.count() == before
}
