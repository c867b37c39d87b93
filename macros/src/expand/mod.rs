//! Models to code. Nothing here can fail.
//!
//! Expansions name items of `::durably::__private` only, by absolute paths. Locals have
//! mixed-site spans, so no name of the user's collides with them. What need not be visible stands
//! inside `const _`.

pub(crate) mod activities;
pub(crate) mod activity;
mod asserts;
mod async_method_hints;
mod call;
mod client;
pub(crate) mod data;
mod decode;
mod handlers;
pub(crate) mod lints;
pub(crate) mod main;
pub(crate) mod rustdoc;
mod unmarked_method_hints;
pub(crate) mod workflow;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use crate::crate_path::CratePath;

/// The traits behind `Spelled::<T>`, for an expansion's `const _`.
fn import_dispatch_traits(root: &CratePath) -> TokenStream {
    quote! {
        #[allow(unused_imports)]
        use #root::__private::{
            ByEncoding as _, ByJsonMessage as _, ByJsonMessages as _, ByMessage as _,
            ByMessages as _, ByOptionalJsonMessage as _, ByOptionalMessage as _, ByScalar as _,
            Plain as _,
        };
    }
}

/// The name of a generated function, placed on what the user wrote for it: there an editor goes
/// from a call, and there rustc says "defined here".
fn placed(name: &str, on: &Ident) -> Ident {
    Ident::new(name, on.span())
}

/// The word `fn` at a place of the user's. With the name, the end of the return type and the body's
/// braces there, rustc points at that place when it tells of the function.
fn fn_at(place: Span) -> TokenStream {
    quote_spanned!(place=> fn)
}

/// Braces at a place of the user's, for an item that is to be told there.
fn braces(items: TokenStream, at: Span) -> TokenTree {
    let mut braces = Group::new(Delimiter::Brace, items);
    braces.set_span(at);
    braces.into()
}

/// A local of an expansion.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Lints that are about the user's own code, on items that only repeat its types and names.
fn allow_lints() -> TokenStream {
    quote! {
        #[allow(
            dead_code,
            deprecated,
            missing_copy_implementations,
            private_bounds,
            private_interfaces,
            unnameable_types,
            unreachable_pub,
            unused_variables,
            unused_mut,
            clippy::all,
            clippy::nursery,
            clippy::pedantic,
            clippy::restriction
        )]
    }
}
