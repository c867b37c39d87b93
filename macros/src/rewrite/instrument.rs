//! Tracing of async methods: adapts `#[tracing::instrument(..)]`, which is expanded after `#[workflow]` on
//! the method with the body and finds `self` there, to that method's name and lease:
//!
//! ```text
//!   instrument(skip(self, ctx))  ->  instrument(name = "run", skip(self, ctx, lease))
//!   (self is not skipped)        ->  fields(self = %format!("{:?}", self)), for which rustc's
//!                                    error about `Debug` is shorter
//! ```

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{
    Ident, ImplItemFn, Lit, Meta, Token, ext::IdentExt as _, parse_quote, punctuated::Punctuated,
    spanned::Spanned as _,
};

/// Adapts the attribute to the method with the body.
///
/// A method that is not split has a cell in place of `this` and the lease.
pub(super) fn adapt(method: &mut ImplItemFn, this: Option<&Ident>, lease: &Ident) {
    let to = To {
        name: method.sig.ident.unraw().to_string(),
        this,
        lease,
    };
    for attribute in &mut method.attrs {
        if let Some(adapted) = adapted(&attribute.meta, &to) {
            attribute.meta = adapted;
        }
    }
}

/// The method with the body, to which the attribute is adapted.
struct To<'a> {
    /// The name of the user's method.
    name: String,
    this: Option<&'a Ident>,
    lease: &'a Ident,
}

/// Removes the attribute from a refused method, where its expansion would add errors about arguments.
pub(super) fn remove(method: &mut ImplItemFn) {
    let nothing = Ident::new("nothing", Span::call_site());
    let to = To {
        name: String::new(),
        this: None,
        lease: &nothing,
    };
    method
        .attrs
        .retain(|attribute| adapted(&attribute.meta, &to).is_none());
}

/// `instrument(..)`, also in a `cfg_attr(condition, ..)`; none if it is another attribute.
fn adapted(meta: &Meta, to: &To<'_>) -> Option<Meta> {
    let path = meta.path();
    if path.is_ident("cfg_attr") {
        let parts = meta.require_list().ok()?;
        let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
        let mut parts = parts.parse_args_with(parse).ok()?;
        let mut found = false;
        for part in parts.iter_mut().skip(1) {
            if let Some(adapted) = adapted(part, to) {
                (*part, found) = (adapted, true);
            }
        }
        return found.then(|| parse_quote!(cfg_attr(#parts)));
    }
    if path.segments.last()?.ident != "instrument" {
        return None;
    }
    let written = match meta {
        Meta::List(list) => list.tokens.clone(),
        Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
    };
    let arguments = arguments(written, path.span(), to);
    Some(parse_quote!(#path(#arguments)))
}

/// Adds the method's name to the attribute's arguments, and skips the lease.
fn arguments(written: TokenStream, at: Span, to: &To<'_>) -> TokenStream {
    let To { name, this, lease } = to;
    let mut arguments = split(written);
    let has_self = |list: &str| {
        let mut lists = arguments.iter().filter_map(|it| named_list(it, list));
        lists.any(|list| split(list).iter().any(|it| starts_with(it, "self")))
    };
    let skips_all = arguments.iter().any(|it| it.to_string() == "skip_all");
    let records_self = !skips_all && !has_self("skip") && !has_self("fields");
    let skips = arguments
        .iter_mut()
        .find_map(|argument| Some((named_list(argument, "skip")?, argument)));
    match skips {
        Some((list, argument)) => {
            let mut list = split(list);
            list.retain(|it| this.is_some() || it.to_string() != "self");
            *argument = quote!(skip(#(#list,)* #lease));
        }
        None if skips_all => {}
        None => arguments.push(quote!(skip(#lease))),
    }
    if let Some(this) = this.filter(|_| records_self) {
        let this = Ident::new("self", at.resolved_at(this.span()));
        let field = quote_spanned!(at=> #this = %::std::format!("{:?}", #this));
        let fields = arguments
            .iter_mut()
            .find_map(|argument| Some((named_list(argument, "fields")?, argument)));
        match fields {
            Some((list, argument)) => *argument = quote!(fields(#field, #list)),
            None => arguments.push(quote!(fields(#field))),
        }
    }
    if !arguments.iter().any(is_name) {
        arguments.insert(0, quote!(name = #name));
    }
    quote!(#(#arguments),*)
}

/// `name = ..`, or a text, which is a name too.
fn is_name(argument: &TokenStream) -> bool {
    match argument.clone().into_iter().next() {
        Some(TokenTree::Ident(word)) => word == "name",
        Some(TokenTree::Literal(text)) => {
            matches!(syn::parse2(text.into_token_stream()), Ok(Lit::Str(_)))
        }
        _ => false,
    }
}

/// Whether the first word of a field is `name`: `self`, but not `self.name`.
fn starts_with(field: &TokenStream, name: &str) -> bool {
    let mut tokens = field.clone().into_iter();
    let first = tokens.next().is_some_and(|first| first.to_string() == name);
    first && !matches!(tokens.next(), Some(TokenTree::Punct(next)) if next.as_char() == '.')
}

/// `name(list)`
fn named_list(argument: &TokenStream, name: &str) -> Option<TokenStream> {
    let mut tokens = argument.clone().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(list)), None) if word == name => {
            Some(list.stream())
        }
        _ => None,
    }
}

/// Splits a list at its commas.
fn split(list: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in list {
        match (is_comma(&token), parts.last_mut()) {
            (false, Some(part)) => part.extend([token]),
            _ => parts.push(TokenStream::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}
