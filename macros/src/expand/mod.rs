//! Expand stage: generates code from models, and cannot fail.
//!
//! Expansions name items of `::durably::__private` only (and serde, as `::durably::data::serde`), by absolute
//! paths. Locals have mixed-site
//! spans, so that no name of the user's collides with them. Items that users never name stand inside
//! `const _`.

pub(crate) mod activities;
pub(crate) mod activity;
mod asserts;
mod async_method_hints;
mod call;
mod client;
pub(crate) mod data;
mod decode;
pub(crate) mod failure;
mod handlers;
mod iteration;
pub(crate) mod lints;
pub(crate) mod main;
pub(crate) mod rustdoc;
mod text_errors;
mod unmarked_method_hints;
pub(crate) mod workflow;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use crate::crate_path::CratePath;

/// Imports the traits by which `Spelled::<T>` dispatches on a type, into an expansion's `const _`.
fn import_dispatch_traits(root: &CratePath) -> TokenStream {
    quote! {
        #[allow(unused_imports)]
        use #root::__private::{
            ByDerive as _, ByEncoding as _, ByJsonMessage as _, ByJsonMessages as _, ByMessage as _,
            ByMessages as _, ByOptionalJsonMessage as _, ByOptionalMessage as _, ByScalar as _,
            ByVerdict as _, Plain as _,
        };
    }
}

/// Names a generated function, with the span of the user's item: an editor goes there from a call, and
/// rustc labels it "defined here".
fn placed(name: &str, on: &Ident) -> Ident {
    Ident::new(name, on.span())
}

/// Generates the keyword `fn` with a span of the user's. If name, end of the return type and braces
/// have that span too, rustc's errors about the function point there.
fn fn_at(place: Span) -> TokenStream {
    quote_spanned!(place=> fn)
}

/// Wraps items in braces with a span of the user's, so that rustc's errors about them point there.
fn braces(items: TokenStream, at: Span) -> TokenTree {
    let mut braces = Group::new(Delimiter::Brace, items);
    braces.set_span(at);
    braces.into()
}

/// Names a local variable of an expansion.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Allows lints on generated items that repeat the user's types and names: those lints report the
/// user's own items already.
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
