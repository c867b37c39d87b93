//! `#[durably::main]`: a main function around the async one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::crate_path::CratePath;

/// `fn main` that runs the user's `async fn main` inside it.
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

/// A main function in place of one that cannot be run, so that rustc does not miss it.
pub(crate) fn without_body(function: &ItemFn) -> TokenStream {
    let name = &function.sig.ident;
    quote!(fn #name() {})
}
