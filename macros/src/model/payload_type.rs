//! Types of payloads: checks that a type is owned and concrete, and rewrites it to mean the same outside
//! of its impl block.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    FnArg, Lifetime, Path, ReturnType, Signature, Type, TypeImplTrait, TypeReference, parse_quote,
    spanned::Spanned as _,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

use crate::syntax::signature::{is_named, ungrouped};

/// Why a type cannot be a payload, as far as its spelling shows.
pub(crate) enum Obstacle {
    /// A reference or lifetime, and the owned type to suggest if it is known.
    Borrowed(TokenStream, Option<&'static str>),
    /// A bare `str` or slice, and the owned type to suggest.
    Unsized(TokenStream, &'static str),
    /// `impl Trait`, or `dyn Trait` by itself.
    Opaque(TokenStream),
}

/// Finds the first obstacle in a type.
pub(crate) fn obstacle(ty: &Type) -> Option<Obstacle> {
    match ungrouped(ty) {
        Type::Slice(slice) => {
            return Some(Obstacle::Unsized(slice.to_token_stream(), "Vec<..>"));
        }
        Type::TraitObject(object) => return Some(Obstacle::Opaque(object.to_token_stream())),
        Type::Path(path) if path.path.is_ident("str") => {
            return Some(Obstacle::Unsized(path.to_token_stream(), "String"));
        }
        _ => {}
    }
    let mut search = Search(None);
    search.visit_type(ty);
    search.0
}

/// Suggests the owned type for a reference to `ty`, if its spelling shows it.
pub(crate) fn owned(ty: &Type) -> Option<&'static str> {
    match ungrouped(ty) {
        Type::Slice(_) => Some("Vec<..>"),
        ty if is_named(ty, "str") => Some("String"),
        ty if is_named(ty, "Path") => Some("PathBuf"),
        _ => None,
    }
}

/// Replaces each bare `str` or slice in a signature, which is reported already, by the owned type:
/// rustc would suggest to borrow it. Returns whether there was one.
pub(crate) fn replace_unsized_types(signature: &mut Signature) -> bool {
    let mut gave = false;
    let mut own = |ty: &mut Type| {
        *ty = match ungrouped(ty) {
            Type::Slice(slice) => {
                let element = &slice.elem;
                parse_quote!(::std::vec::Vec<#element>)
            }
            Type::Path(path) if path.path.is_ident("str") => parse_quote!(::std::string::String),
            _ => return,
        };
        gave = true;
    };
    for input in &mut signature.inputs {
        if let FnArg::Typed(argument) = input {
            own(&mut argument.ty);
        }
    }
    if let ReturnType::Type(_, ty) = &mut signature.output {
        own(ty);
    }
    gave
}

/// Replaces `Self` in a type, for use outside of the impl block.
pub(crate) fn without_self(ty: &Type, self_ty: &Type) -> Type {
    let mut ty = ty.clone();
    WriteOut(self_ty).visit_type_mut(&mut ty);
    ty
}

struct Search(Option<Obstacle>);

impl Visit<'_> for Search {
    fn visit_type_reference(&mut self, reference: &TypeReference) {
        let instead = owned(&reference.elem);
        self.0
            .get_or_insert_with(|| Obstacle::Borrowed(reference.to_token_stream(), instead));
    }

    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        self.0
            .get_or_insert_with(|| Obstacle::Borrowed(lifetime.to_token_stream(), None));
    }

    fn visit_type_impl_trait(&mut self, opaque: &TypeImplTrait) {
        self.0
            .get_or_insert_with(|| Obstacle::Opaque(opaque.to_token_stream()));
    }

    fn visit_type_bare_fn(&mut self, _: &syn::TypeBareFn) {}

    fn visit_type_path(&mut self, path: &syn::TypePath) {
        visit::visit_type_path(self, path);
    }
}

/// Respans the type to the span of the `Self` that it replaces.
fn located(ty: &Type, at: Span) -> Type {
    fn moved(tokens: TokenStream, at: Span) -> TokenStream {
        tokens
            .into_iter()
            .map(|token| match token {
                TokenTree::Group(group) => {
                    let mut group = Group::new(group.delimiter(), moved(group.stream(), at));
                    group.set_span(at);
                    TokenTree::Group(group)
                }
                mut token => {
                    token.set_span(at);
                    token
                }
            })
            .collect()
    }
    Type::Verbatim(moved(ty.to_token_stream(), at))
}

struct WriteOut<'a>(&'a Type);

impl VisitMut for WriteOut<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if matches!(ungrouped(ty), Type::Path(path) if path.qself.is_none() && path.path.is_ident("Self"))
        {
            *ty = located(self.0, ty.span());
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        // `Self::Item` becomes `Greeting::Item`.
        if path.segments.len() > 1
            && path.segments[0].ident == "Self"
            && let Type::Path(own) = ungrouped(self.0)
        {
            let rest = path.segments.iter().skip(1).cloned();
            path.segments = own.path.segments.iter().cloned().chain(rest).collect();
        }
    }
}
