//! Main functions: generates `fn main`, which runs the async one on a runtime.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::crate_path::CratePath;

/// Generates `fn main` around the user's `async fn main`.
pub(crate) fn expand(function: &ItemFn, root: &CratePath) -> TokenStream {
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
    } = function;
    let mut outer = sig.clone();
    outer.asyncness = None;
    let name = &sig.ident;
    quote! {
        #(#attrs)*
        #vis #outer {
            #sig #block
            #root::__private::block_on(#name())
        }
    }
}

/// Generates an empty main function for a refused one, so that rustc does not also report a missing
/// main function.
pub(crate) fn without_body(function: &ItemFn) -> TokenStream {
    let name = &function.sig.ident;
    quote!(fn #name() {})
}
