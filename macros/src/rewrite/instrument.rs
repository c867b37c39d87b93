//! `#[tracing::instrument(..)]` on an async method: it is expanded after `#[workflow]`, so it is told
//! what became of `self`.
//!
//! ```text
//!   skip(self, ctx)              ->  skip(cell, ctx)
//!   (self is not skipped)        ->  skip(cell), fields(self = %cell.with(|self_| format!("{:?}", self_)))
//!   fields(n = self.n)           ->  fields(n = cell.with(|self_| (self_.n).to_owned()))
//!   fields(all = ?self.all)      ->  fields(all = %cell.with(|self_| format!("{:?}", self_.all)))
//! ```
//!
//! The span is made when the method is polled first, while nobody holds the state.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{ImplItemFn, Meta, Token, parse_quote, punctuated::Punctuated, spanned::Spanned as _};

use super::{cell, mentions, this};

/// Tells the attribute of a method about the cell.
pub(super) fn adapt(method: &mut ImplItemFn) {
    for attribute in &mut method.attrs {
        if let Some(adapted) = adapted(&attribute.meta) {
            attribute.meta = adapted;
        }
    }
}

/// Takes the attribute away from a method that is refused: of its arguments it would say something
/// that is not the mistake.
pub(super) fn remove(method: &mut ImplItemFn) {
    method
        .attrs
        .retain(|attribute| adapted(&attribute.meta).is_none());
}

/// `instrument(..)`, also in a `cfg_attr(condition, ..)`; none if it is another attribute.
fn adapted(meta: &Meta) -> Option<Meta> {
    let path = meta.path();
    if path.is_ident("cfg_attr") {
        let parts = meta.require_list().ok()?;
        let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
        let mut parts = parts.parse_args_with(parse).ok()?;
        let mut found = false;
        for part in parts.iter_mut().skip(1) {
            if let Some(adapted) = adapted(part) {
                (*part, found) = (adapted, true);
            }
        }
        return found.then(|| parse_quote!(cfg_attr(#parts)));
    }
    if path.segments.last()?.ident != "instrument" {
        return None;
    }
    let arguments = match meta {
        Meta::List(list) => arguments(list.tokens.clone(), path.span()),
        Meta::Path(_) | Meta::NameValue(_) => arguments(TokenStream::new(), path.span()),
    };
    Some(parse_quote!(#path(#arguments)))
}

/// The arguments of the attribute, with `self` as the cell has it.
fn arguments(written: TokenStream, at: Span) -> TokenStream {
    let cell = cell(Span::call_site());
    let mut others = Vec::new();
    let mut skipped = vec![quote!(#cell)];
    let mut fields = Vec::new();
    let mut skips_self = false;
    for argument in split(written) {
        match named_list(&argument) {
            Some((name, list)) if name == "skip" => {
                for parameter in split(list) {
                    match parameter.to_string().as_str() {
                        "self" => skips_self = true,
                        _ => skipped.push(parameter),
                    }
                }
            }
            Some((name, list)) if name == "fields" => {
                fields.extend(split(list).into_iter().map(field));
            }
            _ => {
                skips_self |= argument.to_string() == "skip_all";
                others.push(with_state(argument));
            }
        }
    }
    let skips_all = others.iter().any(|it| it.to_string() == "skip_all");
    let skip = (!skips_all).then(|| quote!(skip(#(#skipped),*)));
    if !skips_self {
        let this = this(at);
        fields.insert(
            0,
            quote_spanned!(at=> self = %#cell.with(|#this| ::std::format!("{:?}", #this))),
        );
    }
    let fields = (!fields.is_empty()).then(|| quote!(fields(#(#fields),*)));
    let all = others.into_iter().chain(skip).chain(fields);
    quote!(#(#all),*)
}

/// `name = value`, `name = ?value`, `name = %value`, where the value looks at the state.
fn field(written: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = written.clone().into_iter().collect();
    let equals = tokens.iter().position(|it| is_punct(it, '='));
    let Some((name, value)) = equals.map(|at| (&tokens[..at], &tokens[at + 1..])) else {
        return written;
    };
    if !value.iter().any(|token| mentions(token, "self")) {
        return written;
    }
    let cell = cell(Span::call_site());
    let of_state = |value: &[TokenTree]| replaced(value.iter().cloned().collect());
    let this = this(self_span(&written));
    let value = match value {
        [sigil, value @ ..] if is_punct(sigil, '?') => {
            let value = of_state(value);
            quote!(%#cell.with(|#this| ::std::format!("{:?}", #value)))
        }
        [sigil, value @ ..] if is_punct(sigil, '%') => {
            let value = of_state(value);
            quote!(%#cell.with(|#this| ::std::format!("{}", #value)))
        }
        value => {
            let mut value = Group::new(Delimiter::Parenthesis, of_state(value));
            value.set_span(Span::mixed_site());
            quote!(#cell.with(|#this| #value.to_owned()))
        }
    };
    quote!(#(#name)* = #value)
}

/// `parent = self.span.id()`
fn with_state(argument: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = argument.clone().into_iter().collect();
    let equals = tokens.iter().position(|it| is_punct(it, '='));
    match equals {
        Some(at) if mentions(&argument, "self") => {
            let (name, this) = (&tokens[..at], this(self_span(&argument)));
            let (cell, value) = (
                cell(Span::call_site()),
                replaced(tokens[at + 1..].iter().cloned().collect()),
            );
            quote!(#(#name)* = #cell.with(|#this| #value))
        }
        _ => argument,
    }
}

/// `name(list)`
fn named_list(argument: &TokenStream) -> Option<(Ident, TokenStream)> {
    let mut tokens = argument.clone().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(name)), Some(TokenTree::Group(list)), None) => {
            Some((name, list.stream()))
        }
        _ => None,
    }
}

/// What stands between commas.
fn split(list: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in list {
        match (is_punct(&token, ','), parts.last_mut()) {
            (false, Some(part)) => part.extend([token]),
            _ => parts.push(TokenStream::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// `self` by the name that the closure gives the state.
fn replaced(value: TokenStream) -> TokenStream {
    let tokens = value.into_iter().map(|token| match token {
        TokenTree::Ident(word) if word == "self" => TokenTree::Ident(this(word.span())),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), replaced(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        other => other,
    });
    tokens.collect()
}

/// Where the first `self` stands.
fn self_span(tokens: &TokenStream) -> Span {
    fn first(tokens: TokenStream) -> Option<Span> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(word) if word == "self" => Some(word.span()),
            TokenTree::Group(group) => first(group.stream()),
            _ => None,
        })
    }
    first(tokens.clone()).unwrap_or_else(Span::call_site)
}
