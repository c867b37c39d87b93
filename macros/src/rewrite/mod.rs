//! Rewriting of async methods: makes each `.await` lend the workflow state, so that a body has `self`
//! exclusively between awaits and handlers have it during them.
//!
//! ```text
//!   async fn f(&mut self, ..)  ->  async fn f(cell: &StateCell<Self>, ..), which takes the state, and
//!                                  async fn __durably_f(mut self: &'durably mut Self,
//!                                                       lease: &mut Lease<'durably, Self>, ..)
//!                                  with the body that the user wrote
//!   x.await                    ->  match x { f => { give(lease, self); let r = f.await; self = take(lease); r } }
//!   self.method(..)            ->  Self::method(cell, ..), if it is an async method of the block
//!   async { ..self.. }         ->  a body with a lease of its own, taken when it is polled
//!   wait_until(|| self..)      ->  a lease of its own for each evaluation, and the condition's site
//! ```
//!
//! [`split`] generates the two methods. [`evaluation_order`] evaluates operands before an await, so that
//! no place in the state around it is borrowed. [`instrument`] adapts `#[tracing::instrument]` to the
//! second method.
//!
//! The result is safe Rust: the borrow checker rejects a borrow of `self` across an `.await`, with labels
//! on the user's tokens. Mistakes that rustc would label on generated code are reported here.

mod body;
mod borrowed;
mod context;
mod context_misuse;
mod evaluation_order;
mod format_capture;
mod instrument;
mod loop_over_state;
mod macros;
mod outside;
mod recursion;
mod signature;
mod split;
mod state;
mod state_place;
mod sync_method;

pub(crate) use split::body_name;
pub(crate) use state_place::is_self;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl, Type, parse_quote, visit_mut::VisitMut as _};

use self::{
    signature::{check, has_opaque_type, is_generic},
    state::{Access, Holder, State, cell, hidden, lease, opening},
};
use crate::{
    crate_path::CratePath,
    diag::Errors,
    mistake::BodyMistake,
    syntax::{
        inherited_attributes::InheritedAttributes,
        signature::{Receiver, is_named},
    },
};

/// Splits and rewrites the async methods of a block, and returns them.
///
/// `refused` holds the indices of methods whose signatures have a reported mistake. A refused method
/// keeps its signature, so that its calls compile, and loses its body, in which rustc would report
/// the mistake again.
pub(crate) fn block(
    block: &mut ItemImpl,
    root: CratePath,
    refused: &BTreeSet<usize>,
    errors: &mut Errors,
) -> Vec<AsyncMethod> {
    let mut async_methods = Vec::new();
    let mut signatures = BTreeMap::new();
    let mut cx = Cx {
        root,
        owner: (*block.self_ty).clone(),
        methods: BTreeSet::new(),
        plain_methods: BTreeSet::new(),
        conditional: BTreeMap::new(),
    };
    for (index, item) in block.items.iter().enumerate() {
        let ImplItem::Fn(method) = item else { continue };
        if method.sig.receiver().is_none() {
            continue;
        }
        let name = method.sig.ident.to_string();
        let is_async = method.sig.asyncness.is_some();
        let key = (name.clone(), conditions_of(method));
        cx.conditional.insert(key, is_async);
        if !is_async {
            cx.plain_methods.insert(name);
            continue;
        }
        let mut found = Errors::new();
        if check(method, &mut found) {
            cx.methods.insert(name);
            async_methods.push(AsyncMethod::of(method));
            let signature = match () {
                () if found.count() > 0 => Signed::Wrong,
                () if refused.contains(&index) => Signed::Refused,
                () => Signed::Right,
            };
            signatures.insert(index, signature);
        }
        match refused.contains(&index) {
            true => found.discard(),
            false => errors.append(found),
        }
    }
    let splittable = methods_at(&block.items, &signatures);
    for index in recursion::check(splittable, &cx, errors) {
        signatures.insert(index, Signed::Wrong);
    }
    for (index, item) in std::mem::take(&mut block.items).into_iter().enumerate() {
        let ImplItem::Fn(mut method) = item else {
            block.items.push(item);
            continue;
        };
        let mut body = None;
        let cx = cx.within(&method);
        match (method.sig.asyncness, signatures.get(&index)) {
            _ if method.sig.receiver().is_none() => {}
            (Some(_), Some(signature)) => body = rewrite(&mut method, *signature, &cx, errors),
            (Some(_), None) => blank(&mut method),
            (None, _) => {
                let before = errors.count();
                sync_method::check(&method, &cx, errors);
                if errors.count() > before {
                    blank(&mut method);
                }
            }
        }
        // With the body's method first, rustc reports a recursion at the user's call.
        let methods = body.into_iter().chain([method]);
        block.items.extend(methods.map(ImplItem::Fn));
    }
    async_methods
}

/// Returns the methods of a block that can be split, with their indices.
fn methods_at<'a>(
    items: &'a [ImplItem],
    signatures: &BTreeMap<usize, Signed>,
) -> impl Iterator<Item = (usize, &'a ImplItemFn)> {
    signatures.keys().filter_map(|index| match &items[*index] {
        ImplItem::Fn(method) => Some((*index, method)),
        _ => None,
    })
}

/// The check result of the signature of an async method that can be split.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signed {
    Right,
    /// A mistake that `model` reported, so that no generated code calls the method.
    Refused,
    /// A mistake that is reported here; the body is not rewritten.
    Wrong,
}

/// A split async method: takes the state's cell in place of `self`.
pub(crate) struct AsyncMethod {
    pub(crate) ident: Ident,
    /// The name of the method with the body, which takes `self` and a lease.
    pub(crate) body: Ident,
    pub(crate) conditions: Vec<Attribute>,
    /// How many arguments follow `self`.
    pub(crate) arguments: usize,
}

impl AsyncMethod {
    fn of(method: &ImplItemFn) -> Self {
        Self {
            ident: method.sig.ident.clone(),
            body: body_name(&method.sig.ident),
            conditions: InheritedAttributes::of(&method.attrs).conditions,
            arguments: method.sig.inputs.len() - 1,
        }
    }
}

/// Replaces the bodies of a block's methods by diverging ones.
pub(crate) fn clear_bodies(block: &mut ItemImpl) {
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            blank(method);
        }
    }
}

/// Replaces a method's body by a diverging one, which fits every signature.
pub(crate) fn blank(method: &mut ImplItemFn) {
    instrument::remove(method);
    method
        .attrs
        .push(parse_quote!(#[allow(unused_variables, clippy::all)]));
    let braces = method.block.brace_token;
    method.block = parse_quote!({ loop {} });
    method.block.brace_token = braces;
}

/// The block around a method.
#[derive(Clone)]
struct Cx {
    root: CratePath,
    owner: Type,
    /// Names of the async methods, which take a cell for `self`.
    methods: BTreeSet<String>,
    /// Names of the others. A name of both has methods under different `cfg`s, which a macro cannot evaluate.
    plain_methods: BTreeSet<String>,
    /// Whether the method of a name and of these conditions is async.
    conditional: BTreeMap<(String, Vec<String>), bool>,
}

impl Cx {
    /// Whether the block has a method of this name.
    fn has_method(&self, method: &Ident) -> bool {
        self.is_async(method) || self.plain_methods.contains(&method.to_string())
    }

    fn is_async(&self, method: &Ident) -> bool {
        self.methods.contains(&method.to_string())
    }

    /// The block as a method sees it: where the method is, those of the same conditions are.
    fn within(&self, caller: &ImplItemFn) -> Cow<'_, Self> {
        let mut cx = Cow::Borrowed(self);
        let conditions = conditions_of(caller);
        for name in self.methods.intersection(&self.plain_methods) {
            match self.conditional.get(&(name.clone(), conditions.clone())) {
                Some(true) => drop(cx.to_mut().plain_methods.remove(name)),
                Some(false) => drop(cx.to_mut().methods.remove(name)),
                None => {}
            }
        }
        cx
    }

    /// Reports a call of an async method that is not async in every build; returns whether it did.
    fn refuses_call(&self, method: &Ident, errors: &mut Errors) -> bool {
        let is_mixed = self.plain_methods.contains(&method.to_string());
        if is_mixed {
            errors.on(method, BodyMistake::AsyncInSomeBuilds(method));
        }
        is_mixed
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

/// The texts of a method's `cfg`s.
fn conditions_of(method: &ImplItemFn) -> Vec<String> {
    let inherited = InheritedAttributes::of(&method.attrs);
    let conditions = inherited.conditions.iter();
    conditions
        .map(|condition| condition.to_token_stream().to_string())
        .collect()
}

/// Splits an async method: moves its rewritten body into the returned method, which it calls. A method
/// with an opaque return type stays one method: such a type captures all lifetimes of its signature,
/// so the result would borrow from the lease.
fn rewrite(
    method: &mut ImplItemFn,
    signature: Signed,
    cx: &Cx,
    errors: &mut Errors,
) -> Option<ImplItemFn> {
    let (receiver, access) = match Receiver::of(&method.sig) {
        Receiver::Exclusive(receiver) => (receiver, Access::Exclusive),
        Receiver::Shared(receiver) => (receiver, Access::Shared),
        Receiver::None | Receiver::Other(_) => return None,
    };
    let before = errors.count();
    let mut uses = Uses::default();
    let mut block = method.block.clone();
    let nested = nested_name(method);
    let is_opaque = has_opaque_type(&method.sig.output);
    let state = State {
        access,
        holder: match is_opaque {
            true => Holder::Local(nested.clone(), receiver.at),
            false => Holder::Receiver(receiver.at),
        },
    };
    if signature != Signed::Wrong {
        let context = context::context_of(method);
        body::Rewriter {
            cx,
            state: state.clone(),
            nested,
            context: context.as_ref(),
            generic: is_generic(&method.sig),
            uses: &mut uses,
            errors,
        }
        .visit_block_mut(&mut block);
    }
    let is_faulty = signature == Signed::Wrong || errors.count() > before;
    if is_opaque {
        split::keep_whole(method, block, &state, receiver.at, cx);
        if is_faulty {
            blank(method);
        }
        return None;
    }
    if is_faulty {
        uses = Uses::default();
    }
    let mut body = split::body(method, block, &receiver, uses, cx);
    if is_faulty {
        blank(&mut body);
    }
    split::delegate_to_body(method, &receiver, cx);
    if is_faulty || signature != Signed::Right {
        blank(method);
    }
    Some(body)
}

/// The variables that a body needs from the method around it.
#[derive(Clone, Copy, Default)]
struct Uses {
    /// The body awaits outside of nested bodies, so it needs the lease.
    awaits: bool,
    /// The body calls an async method or has nested bodies, so it needs the cell.
    cell: bool,
}

/// Chooses a name for the state in nested bodies, where a variable cannot be named `self`; the method
/// does not use it otherwise.
fn nested_name(method: &ImplItemFn) -> String {
    let mut name = String::from("self_");
    while mentions(method, &name) {
        name.push('_');
    }
    name
}

/// Generates the static by which the runtime identifies a condition in the source.
fn site(cx: &Cx, at: Span) -> TokenStream {
    let (site, root) = (hidden("SITE", at), &cx.root);
    quote_spanned! {at=>
        static #site: #root::__private::Site = #root::__private::Site::new();
        #site.is_here();
    }
}

/// Whether the tokens contain `word` at any depth.
pub(crate) fn mentions(tokens: impl ToTokens, word: &str) -> bool {
    fn search(tokens: TokenStream, word: &str) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == word,
            TokenTree::Group(group) => search(group.stream(), word),
            TokenTree::Literal(text) => word == "self" && format_capture::in_literal(&text),
            TokenTree::Punct(_) => false,
        })
    }
    search(tokens.into_token_stream(), word)
}
