//! Split methods: generates the two methods that replace an async method.
//!
//! ```text
//!   async fn f<T>(cell: &StateCell<Self>, a: A, b: impl B) -> R {
//!       let mut root = Root::new(cell);
//!       let mut lease = Lease::new(&mut root);
//!       let state = lease.take();
//!       Self::__durably_f::<T>(state, &mut lease, a, b).await
//!   }
//!   async fn __durably_f<'durably, T>(
//!       mut self: &'durably mut Self, lease: &mut Lease<'durably, Self>, a: A, b: impl B,
//!   ) -> R { .. }
//! ```
//!
//! The body has a method of its own so that its state is named `self`, which a local cannot be: rustc's
//! errors name the variable. The definition table also calls that method, which saves a second copy
//! of the arguments.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Block, FnArg, GenericParam, ImplItemFn, Meta, Pat, PatType, Token, Visibility,
    ext::IdentExt as _, parse_quote, parse_quote_spanned, punctuated::Punctuated,
    spanned::Spanned as _,
};

use super::{Cx, State, Uses, cell, hidden, instrument, lease, opening};
use crate::syntax::signature::Reference;

/// Returns the name of the method with the body of `method`.
pub(crate) fn body_name(method: &Ident) -> Ident {
    Ident::new(&format!("__durably_{}", method.unraw()), method.span())
}

/// Generates the method with the rewritten body `block`.
pub(super) fn body(
    method: &ImplItemFn,
    block: Block,
    receiver: &Reference,
    uses: Uses,
    cx: &Cx,
) -> ImplItemFn {
    let at = receiver.at;
    let root = &cx.root;
    let mut body = ImplItemFn {
        attrs: attributes(&method.attrs, of_body),
        vis: Visibility::Inherited,
        block,
        ..method.clone()
    };
    // An unused lease has a name with an underscore, which lints ignore.
    let lease = match uses.awaits || uses.cell {
        true => lease(at),
        false => hidden("_durably_lease", at),
    };
    let this = Ident::new("self", at);
    instrument::adapt(&mut body, Some(&this), &lease);
    body.attrs.splice(
        ..0,
        [
            parse_quote!(#[doc(hidden)]),
            parse_quote! {
                #[allow(
                    dead_code,
                    clippy::needless_arbitrary_self_type,
                    clippy::too_many_arguments
                )]
            },
        ],
    );
    body.sig.ident = body_name(&method.sig.ident);
    body.sig
        .generics
        .params
        .insert(0, parse_quote_spanned!(at=> 'durably));
    let this: FnArg = match uses.awaits {
        true => parse_quote_spanned!(at=> mut #this: &'durably mut Self),
        false => parse_quote_spanned!(at=> #this: &'durably mut Self),
    };
    let lease_type = quote_spanned!(at=> &mut #root::__private::Lease<'durably, Self>);
    let inputs = method.sig.inputs.iter().skip(1);
    body.sig.inputs = parse_quote!(#this, #lease: #lease_type, #(#inputs),*);
    if uses.cell {
        let cell = cell(at);
        // The braces keep the user's spans: rustc's errors about a missing value point at them. The
        // statements are not parsed again: `break 'label ::path` would read as a labelled block.
        let first = parse_quote_spanned!(at=> let #cell = #lease.cell(););
        body.block.stmts.insert(0, first);
    }
    body
}

/// Puts the rewritten body into a method that is not split, where a local replaces `self`.
pub(super) fn keep_whole(method: &mut ImplItemFn, block: Block, state: &State, at: Span, cx: &Cx) {
    let opening = opening(state, cx, at);
    let opened: Block = parse_quote!({ #opening });
    method.block = block;
    method.block.stmts.splice(..0, opened.stmts);
    instrument::adapt(method, None, &cell(at));
    take_cell(method, at, cx);
}

/// Replaces `self` by the cell of the state.
fn take_cell(method: &mut ImplItemFn, at: Span, cx: &Cx) {
    let (cell, root) = (cell(at), &cx.root);
    if let Some(first) = method.sig.inputs.first_mut() {
        *first = parse_quote_spanned!(at=> #cell: &#root::__private::StateCell<Self>);
    }
}

/// Replaces a method's body: it takes the state and awaits the method with the body.
pub(super) fn delegate_to_body(method: &mut ImplItemFn, receiver: &Reference, cx: &Cx) {
    let at = receiver.at;
    let root = &cx.root;
    let body = body_name(&method.sig.ident);
    let (held, lease, cell) = (hidden("root", at), lease(at), cell(at));
    let state = hidden("state", at);
    method.attrs = attributes(&method.attrs, of_signature);
    if method.sig.unsafety.is_some() {
        method
            .attrs
            .push(parse_quote!(#[allow(unsafe_op_in_unsafe_fn)]));
    }
    take_cell(method, at, cx);
    let mut arguments = Vec::new();
    for (index, input) in method.sig.inputs.iter_mut().skip(1).enumerate() {
        if let FnArg::Typed(PatType { pat, attrs, .. }) = input {
            let name = match &**pat {
                Pat::Ident(name) if !name.ident.to_string().starts_with('_') => name.ident.clone(),
                _ => hidden(&format!("argument_{index}"), pat.span()),
            };
            **pat = parse_quote!(#name);
            attrs.clear();
            arguments.push(name);
        }
    }
    let turbofish = turbofish(method);
    method.block = parse_quote_spanned! {at=> {
        let mut #held = #root::__private::Root::new(#cell);
        let mut #lease = #root::__private::Lease::new(&mut #held);
        let #state = #lease.take();
        Self::#body #turbofish(#state, &mut #lease, #(#arguments),*).await
    }};
}

/// Generates the type and const arguments of a method, which cannot always be inferred.
fn turbofish(method: &ImplItemFn) -> Option<TokenStream> {
    let names = method
        .sig
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(ty) => Some(&ty.ident),
            GenericParam::Const(constant) => Some(&constant.ident),
            GenericParam::Lifetime(_) => None,
        });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| quote!(::<#(#names),*>))
}

/// Filters an attribute for the method that callers see.
fn of_signature(attribute: &Meta) -> Option<Meta> {
    const NAMES: [&str; 10] = [
        "allow",
        "cfg",
        "cold",
        "deny",
        "deprecated",
        "doc",
        "forbid",
        "inline",
        "must_use",
        "warn",
    ];
    let path = attribute.path();
    if let Meta::List(list) = attribute
        && path.is_ident("expect")
    {
        // A lint that is expected in the body does not fire in the signature.
        let lints = &list.tokens;
        return Some(parse_quote!(allow(#lints)));
    }
    let is_wanted = NAMES.iter().any(|name| path.is_ident(name));
    is_wanted.then(|| attribute.clone())
}

/// Filters an attribute for the method with the body, which keeps attribute macros.
fn of_body(attribute: &Meta) -> Option<Meta> {
    let others = ["deprecated", "doc", "must_use"];
    let is_other = others.iter().any(|name| attribute.path().is_ident(name));
    (!is_other).then(|| attribute.clone())
}

/// Filters the attributes for one of the methods, also inside of `cfg_attr(condition, ..)`.
fn attributes(of: &[Attribute], had: fn(&Meta) -> Option<Meta>) -> Vec<Attribute> {
    let part = |attribute: &Attribute| {
        let meta = part(&attribute.meta, had)?;
        Some(Attribute {
            meta,
            ..attribute.clone()
        })
    };
    of.iter().filter_map(part).collect()
}

fn part(attribute: &Meta, had: fn(&Meta) -> Option<Meta>) -> Option<Meta> {
    if !attribute.path().is_ident("cfg_attr") {
        return had(attribute);
    }
    let list = attribute.require_list().ok()?;
    let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
    let mut parts = list.parse_args_with(parse).ok()?.into_iter();
    let condition = parts.next()?;
    let parts: Vec<_> = parts.filter_map(|it| part(&it, had)).collect();
    (!parts.is_empty()).then(|| parse_quote!(cfg_attr(#condition, #(#parts),*)))
}
