//! Async methods of a workflow: `self` is theirs between awaits and lent at each `.await`.
//!
//! ```text
//!   fn f(&mut self, ..)   ->  fn f(cell: &StateCell<Self>, ..), whose body opens with
//!                             root = Root::new(cell); lease = Lease::new(&mut root); self_ = lease.take();
//!   self                  ->  self_
//!   x.await               ->  match x { f => { lease.give(self_); let r = f.await; self_ = lease.take(); r } }
//!   self.method(..)       ->  Self::method(cell, ..), if it is an async method of the block
//!   async { ..self.. }    ->  a body with a lease of its own, taken when it is polled
//!   wait_until(|| self..) ->  a lease of its own for each look, which tells which condition it is
//! ```
//!
//! [`order`] has what an await does to the places in the state around it, [`instrument`] what
//! `#[tracing::instrument]` is told of all this.
//!
//! The result is plain safe Rust: a borrow of `self` that is alive across an `.await` is refused by
//! the ordinary borrow checker, with labels on the user's own tokens. What is refused here is what
//! would otherwise fail with labels on ours.

mod body;
mod capture;
mod instrument;
mod look;
mod macros;
mod misuse;
mod order;

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, ImplItem, ImplItemFn, ItemImpl, Lifetime, ReturnType, Signature, Type,
    TypeImplTrait, TypeMacro, TypeReference, parse_quote, parse_quote_spanned,
    visit::{self, Visit},
    visit_mut::VisitMut as _,
};

use crate::{
    diag::Errors,
    mistake::BodyMistake,
    root::Root,
    syntax::{
        carried::Carried,
        signature::{Receiver, Reference, is_named},
    },
};

/// Rewrites the async methods of a block, and tells which they are.
///
/// Of `refused` methods, by their places, the signature was found fault with already. A method
/// that is refused keeps its signature, so that calls of it are still understood, and
/// loses its body, of which rustc would only say the same again in other words.
pub(crate) fn block(
    block: &mut ItemImpl,
    root: Root,
    refused: &BTreeSet<usize>,
    errors: &mut Errors,
) -> Vec<Lent> {
    let mut lent = Vec::new();
    let mut cx = Cx {
        root,
        owner: (*block.self_ty).clone(),
        methods: BTreeSet::new(),
    };
    let mut methods: Vec<&mut ImplItemFn> = Vec::new();
    for (index, item) in block.items.iter_mut().enumerate() {
        let ImplItem::Fn(method) = item else { continue };
        if method.sig.receiver().is_none() {
            continue;
        }
        if method.sig.asyncness.is_some() {
            let mut found = Errors::new();
            let lendable = check(method, &mut found);
            if lendable {
                cx.methods.insert(method.sig.ident.to_string());
                lent.push(Lent::of(method));
            }
            let faulty = found.count() > 0;
            match refused.contains(&index) {
                true => found.discard(),
                false => errors.append(found),
            }
            if faulty {
                if lendable {
                    take_cell(method, &cx);
                }
                blank(method);
                continue;
            }
        }
        methods.push(method);
    }
    for method in methods {
        let before = errors.count();
        match method.sig.asyncness {
            Some(_) => rewrite(method, &cx, errors),
            None => look::check_plain(method, &cx, errors),
        }
        if errors.count() > before {
            blank(method);
        }
    }
    lent
}

/// An async method, which has a cell where a caller sees `self`.
pub(crate) struct Lent {
    pub(crate) ident: Ident,
    pub(crate) conditions: Vec<Attribute>,
    /// How many arguments follow `self`.
    pub(crate) arguments: usize,
}

impl Lent {
    fn of(method: &ImplItemFn) -> Self {
        Self {
            ident: method.sig.ident.clone(),
            conditions: Carried::of(&method.attrs).conditions,
            arguments: method.sig.inputs.len() - 1,
        }
    }
}

/// Takes the bodies of a block's methods away.
pub(crate) fn blank_all(block: &mut ItemImpl) {
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            blank(method);
        }
    }
}

/// A body that fits every signature.
pub(crate) fn blank(method: &mut ImplItemFn) {
    instrument::remove(method);
    method
        .attrs
        .push(parse_quote!(#[allow(unused_variables, clippy::all)]));
    method.block = parse_quote!({ loop {} });
}

/// What all methods of a block share.
struct Cx {
    root: Root,
    owner: Type,
    /// The async methods: they take a cell for `self`.
    methods: BTreeSet<String>,
}

impl Cx {
    fn is_async(&self, method: &Ident) -> bool {
        self.methods.contains(&method.to_string())
    }

    /// Whether a path is `Self::method` or `Type::method` of an async method.
    fn names_async(&self, path: &syn::Path) -> bool {
        let segments = &path.segments;
        segments.len() == 2
            && (segments[0].ident == "Self"
                || is_named(&self.owner, &segments[0].ident.to_string()))
            && self.is_async(&segments[1].ident)
    }
}

/// Reports what keeps an async method from being rewritten, and tells whether its signature can
/// be, so that calls of it are still understood.
fn check(method: &ImplItemFn, errors: &mut Errors) -> bool {
    look::check_reserved(method, errors);
    match Receiver::of(&method.sig) {
        Receiver::Exclusive(receiver) | Receiver::Shared(receiver) => {
            check_lifetimes(method, &receiver, errors)
        }
        Receiver::None | Receiver::Other(_) => {
            errors.on(method.sig.receiver(), BodyMistake::AsyncReceiver);
            false
        }
    }
}

/// `self` becomes the cell that it is lent from.
fn take_cell(method: &mut ImplItemFn, cx: &Cx) {
    let receiver = method.sig.receiver();
    let at = receiver.map_or_else(Span::call_site, |receiver| receiver.self_token.span);
    let (cell, root) = (cell(at), &cx.root);
    if let Some(first) = method.sig.inputs.first_mut() {
        *first = parse_quote_spanned!(at=> #cell: &#root::__private::StateCell<Self>);
    }
}

fn rewrite(method: &mut ImplItemFn, cx: &Cx, errors: &mut Errors) {
    let (receiver, access) = match Receiver::of(&method.sig) {
        Receiver::Exclusive(receiver) => (receiver, Access::Exclusive),
        Receiver::Shared(receiver) => (receiver, Access::Shared),
        Receiver::None | Receiver::Other(_) => return,
    };
    let at = receiver.at;
    let context = look::context_of(method);
    body::Rewriter {
        cx,
        access,
        context: context.as_ref(),
        generic: is_generic(&method.sig),
        errors,
    }
    .visit_block_mut(&mut method.block);
    let opening = opening(cx, at);
    // The braces stay the user's: rustc points at them when a body gives the wrong thing. The
    // statements are not parsed again: `break 'label ::path` would read as a labelled block.
    let opened: syn::Block = parse_quote!({ #opening });
    method.block.stmts.splice(..0, opened.stmts);
    instrument::adapt(method);
    take_cell(method, cx);
}

/// Whether one condition in the source may be several, which decide by the types of a call.
fn is_generic(signature: &Signature) -> bool {
    struct Anonymous(bool);
    impl Visit<'_> for Anonymous {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 = true;
        }
        // A macro may stand for such a type.
        fn visit_type_macro(&mut self, _: &TypeMacro) {
            self.0 = true;
        }
    }
    let generics = &signature.generics;
    let mut anonymous = Anonymous(false);
    anonymous.visit_signature(signature);
    anonymous.0
        || generics.type_params().next().is_some()
        || generics.const_params().next().is_some()
}

/// The statements that tell which condition a body is.
fn site(cx: &Cx, at: Span) -> TokenStream {
    let (site, root) = (hidden("SITE", at), &cx.root);
    quote_spanned! {at=>
        static #site: #root::__private::Site = #root::__private::Site::new();
        #site.is_here();
    }
}

/// How a body may use `self`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Exclusive,
    Shared,
}

impl Access {
    /// What stands for `self`.
    fn state(self, cx: &Cx, at: Span) -> TokenStream {
        let (this, root) = (this(at), cx.root.at(at));
        match self {
            Self::Exclusive => quote!(#this),
            Self::Shared => quote_spanned!(at=> #root::__private::shared(#this)),
        }
    }
}

/// The statements that open a body in which `self` is lent.
fn opening(cx: &Cx, at: Span) -> TokenStream {
    let (this, lease, cell, held, root) =
        (this(at), lease(at), cell(at), hidden("root", at), &cx.root);
    quote_spanned! {at=>
        let mut #held = #root::__private::Root::new(#cell);
        let mut #lease = #root::__private::Lease::new(&mut #held);
        #[allow(unused_mut, unused_variables, unused_assignments)]
        let mut #this: &mut Self = #lease.take();
    }
}

/// The local that stands for `self`. It has the user's span and a name that reads like `self`,
/// because rustc names it in its messages.
fn this(at: Span) -> Ident {
    Ident::new("self_", at)
}

fn lease(at: Span) -> Ident {
    hidden("lease", at)
}

fn cell(at: Span) -> Ident {
    hidden("cell", at)
}

/// A local that user code cannot name or collide with.
fn hidden(name: &str, at: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(at))
}

/// Whether `word` stands anywhere in the tokens.
fn mentions(tokens: impl ToTokens, word: &str) -> bool {
    fn search(tokens: TokenStream, word: &str) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == word,
            TokenTree::Group(group) => search(group.stream(), word),
            TokenTree::Literal(text) => word == "self" && capture::in_literal(&text),
            TokenTree::Punct(_) => false,
        })
    }
    search(tokens.into_token_stream(), word)
}

/// Nothing that is borrowed from `self` can be named outside the body. Tells whether the signature
/// means the same without the receiver.
fn check_lifetimes(method: &ImplItemFn, receiver: &Reference, errors: &mut Errors) -> bool {
    if let Some(lifetime) = &receiver.lifetime {
        errors.on(lifetime, BodyMistake::NamedLifetime);
    }
    let ReturnType::Type(_, ty) = &method.sig.output else {
        return true;
    };
    struct Elided(Vec<TokenStream>);
    impl Visit<'_> for Elided {
        fn visit_type_reference(&mut self, reference: &TypeReference) {
            match reference.lifetime {
                None => self.0.push(reference.to_token_stream()),
                Some(_) => visit::visit_type_reference(self, reference),
            }
        }
        fn visit_lifetime(&mut self, lifetime: &Lifetime) {
            if lifetime.ident == "_" {
                self.0.push(lifetime.to_token_stream());
            }
        }
    }
    let mut elided = Elided(Vec::new());
    elided.visit_type(ty);
    if let Some(first) = elided.0.first()
        && receiver.lifetime.is_none()
    {
        errors.on(first, BodyMistake::BorrowedFromSelf);
    }
    elided.0.is_empty()
}
