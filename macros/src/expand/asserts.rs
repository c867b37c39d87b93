//! Assertions that need type information: generates compile-time checks with the spans of the user's
//! types. They need the imports of [`import_dispatch_traits`](super::import_dispatch_traits).

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned as _;

use super::call::success;
use crate::{
    crate_path::CratePath,
    model::arguments::{Arguments, is_context_by_name},
    syntax::signature::Output,
};

const HIDDEN_RESULT: &str = "this return type is a `Result` under another name; end the alias in `Result`, so that the macros recognise it";
const CONTEXT_BY_VALUE: &str =
    "the context is the first argument, by reference; write `&` before its type";

/// Asserts that a return type whose name does not end in `Result` is not a `Result`.
pub(super) fn assert_result_spelling(output: &Output, root: &CratePath) -> Option<TokenStream> {
    let Output::Value(ty) = output else {
        return None;
    };
    let at = ty.span();
    let root = root.at(at);
    Some(quote_spanned! {at=>
        const _: () = ::core::assert!(!#root::__private::Spelled::<#ty>::IS_RESULT, #HIDDEN_RESULT);
    })
}

/// Asserts that an argument spelled like a context is a user's type of that name.
pub(super) fn assert_no_context(arguments: &Arguments, root: &CratePath) -> TokenStream {
    let suspects = arguments
        .list
        .iter()
        .map(|argument| &argument.ty)
        .filter(|ty| is_context_by_name(ty));
    let check = |ty: &syn::Type| {
        let at = ty.span();
        let root = root.at(at);
        quote_spanned! {at=>
            const _: () =
                ::core::assert!(!#root::__private::Spelled::<#ty>::IS_CONTEXT, #CONTEXT_BY_VALUE);
        }
    };
    suspects.map(check).collect()
}

/// Asserts that a signal's `Result` holds `()`.
pub(super) fn assert_unit_success(output: &Output, root: &CratePath) -> Option<TokenStream> {
    let Output::Fallible(ty) = output else {
        return None;
    };
    let at = ty.span();
    let success = success(output, root);
    let root = root.at(at);
    Some(quote_spanned!(at=> const _: fn() = <#success as #root::__private::Nothing>::nothing;))
}
