//! Checks that only types can answer, spanned on the user's types.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote_spanned};
use syn::spanned::Spanned as _;

use super::call::success;
use crate::{root::Root, syntax::signature::Output};

/// A return type that is not named like a `Result` must not be one.
pub(super) fn spelled(output: &Output, root: &Root) -> Option<TokenStream> {
    let Output::Value(ty) = output else {
        return None;
    };
    let at = ty.span();
    Some(quote_spanned! {at=>
        const _: () = {
            #[allow(unused_imports)]
            use #root::__private::NotResult as _;
            #root::__private::Spelled::<#ty>::CHECKED
        };
    })
}

/// A signal's `Result` holds nothing.
pub(super) fn gives_nothing(output: &Output, root: &Root) -> Option<TokenStream> {
    let Output::Fallible(ty) = output else {
        return None;
    };
    let at = ty.to_token_stream().span();
    let success = success(output, root);
    Some(quote_spanned!(at=> const _: () = #root::__private::gives_nothing::<#success>();))
}
