//! Incomplete code: recovers from syntax errors in an item that is half typed, or written in a syntax
//! newer than the parser's.
//!
//! Each method is parsed by itself, so that a missing semicolon in one body is one error and the
//! workflow's names still resolve. rust-analyzer completes most half-typed code before it calls a
//! macro; the code that it cannot complete is repeated at the end of the expansion, as the user wrote
//! it and visible to rust-analyzer only, so that completion works inside it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{
    FnArg, ImplItem, ItemImpl,
    parse::{Parse, ParseStream, Parser as _},
};

use super::marker;
use crate::diag::Errors;

/// Parses an impl block. A body with a syntax error is replaced by a diverging one, and another item
/// with a syntax error by an empty item; both are reported. Returns the block and the code for the
/// editor that follows its expansion.
///
/// Returns `None` and reports nothing if the tokens are not an impl block.
pub(crate) fn block(tokens: TokenStream, errors: &mut Errors) -> Option<(ItemImpl, TokenStream)> {
    let whole = match syn::parse2(tokens.clone()) {
        Ok(item) => return Some((item, TokenStream::new())),
        Err(error) => error,
    };
    let before = errors.count();
    let (head, body) = split_body(tokens)?;
    let mut item: ItemImpl = syn::parse2(quote!(#head {})).ok()?;
    let mut unread = TokenStream::new();
    for tokens in items(body.stream()) {
        let read = read(tokens.clone()).unwrap_or_else(|error| {
            errors.push(in_short(error));
            unread.extend(marker::strip(tokens.clone()));
            without_body(tokens)
        });
        item.items.push(read);
    }
    // Ends of items are guessed, so if every item parses by itself, the block's error is reported.
    if errors.count() == before {
        errors.push(whole);
    }
    Some((item, for_editor(quote!(#head { #unread }))))
}

/// Parses a function, and recovers from a syntax error in its body as [`block`] does.
pub(crate) fn function<T: Parse>(
    tokens: TokenStream,
    errors: &mut Errors,
) -> Option<(T, TokenStream)> {
    match syn::parse2(tokens.clone()) {
        Ok(item) => Some((item, TokenStream::new())),
        Err(error) => {
            let item = syn::parse2(blank(tokens.clone())?).ok()?;
            errors.push(error);
            Some((item, for_editor(tokens)))
        }
    }
}

/// Whether an item replaces one with a syntax error.
pub(crate) fn is_incomplete(item: &ImplItem) -> bool {
    matches!(item, ImplItem::Verbatim(tokens) if tokens.is_empty())
}

/// Parses one item. An unexpected end is reported at the item's last token.
fn read(tokens: TokenStream) -> syn::Result<ImplItem> {
    let last = tokens.clone().into_iter().last();
    let mut item = Group::new(Delimiter::Brace, tokens);
    item.set_span(last.map_or_else(Span::call_site, |last| last.span()));
    let item_of = |input: ParseStream<'_>| {
        let content;
        syn::braced!(content in input);
        content.parse()
    };
    item_of.parse2(TokenTree::Group(item).into())
}

/// Shortens an error: drops the parser's list of all tokens that it expected.
fn in_short(error: syn::Error) -> syn::Error {
    let text = error.to_string();
    match text.split_once(", expected one of: ") {
        Some((found, _)) => syn::Error::new(error.span(), format!("{found}: something is missing")),
        None => error,
    }
}

/// Generates code that only rust-analyzer compiles. Its groups keep the user's spans: rustc parses the
/// code before it removes it, and deduplicates an error at the same span.
fn for_editor(item: TokenStream) -> TokenStream {
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(rust_analyzer)]
            #item
        };
    }
}

/// Whether a name is that of a placeholder for an argument with a syntax error.
pub(crate) fn is_incomplete_argument(name: &Ident) -> bool {
    name == UNREAD_ARGUMENT
}

const UNREAD_ARGUMENT: &str = "__half_typed";

/// Recovers an item: with its signature, else with the arguments that parse, else as an empty item.
fn without_body(tokens: TokenStream) -> ImplItem {
    let read = |tokens| syn::parse2(tokens).ok();
    blank(tokens)
        .and_then(|blank| read(blank.clone()).or_else(|| read(without_unread_arguments(blank))))
        .unwrap_or_else(|| ImplItem::Verbatim(TokenStream::new()))
}

/// Replaces each argument that has a syntax error by a placeholder.
fn without_unread_arguments(function: TokenStream) -> TokenStream {
    let mut is_signature = false;
    let token = |token: TokenTree| match token {
        TokenTree::Group(group) if is_signature && group.delimiter() == Delimiter::Parenthesis => {
            is_signature = false;
            let mut arguments = TokenStream::new();
            for argument in arguments_in(group.stream()) {
                match syn::parse2::<FnArg>(argument.clone()) {
                    Ok(_) => arguments.extend(argument),
                    Err(_) => {
                        let name = Ident::new(UNREAD_ARGUMENT, group.span_close());
                        arguments.extend(quote!(#name: ()));
                    }
                }
                arguments.extend(quote!(,));
            }
            let mut read = Group::new(Delimiter::Parenthesis, arguments);
            read.set_span(group.span());
            TokenTree::Group(read)
        }
        token => {
            is_signature |= is_word(&token, "fn");
            token
        }
    };
    function.into_iter().map(token).collect()
}

/// Splits arguments at the commas outside of types.
fn arguments_in(tokens: TokenStream) -> Vec<TokenStream> {
    let mut arguments: Vec<TokenStream> = Vec::new();
    let mut argument = TokenStream::new();
    let mut depth = 0_usize;
    for token in tokens {
        if is_punct(&token, '<') {
            depth += 1;
        } else if is_punct(&token, '>') {
            depth = depth.saturating_sub(1);
        }
        match depth == 0 && is_punct(&token, ',') {
            true => arguments.push(std::mem::take(&mut argument)),
            false => argument.extend([token]),
        }
    }
    if !argument.is_empty() {
        arguments.push(argument);
    }
    arguments
}

/// Replaces a function's body by a diverging one, which fits every return type.
fn blank(tokens: TokenStream) -> Option<TokenStream> {
    let (head, body) = split_body(tokens)?;
    let mut blank = Group::new(Delimiter::Brace, quote!(loop {}));
    blank.set_span(body.span());
    Some(quote!(#[allow(unused_variables, clippy::all)] #head #blank))
}

/// Splits an item into the tokens before its final braces, and the braces.
fn split_body(tokens: TokenStream) -> Option<(TokenStream, Group)> {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    match tokens.pop()? {
        TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
            Some((tokens.into_iter().collect(), body))
        }
        _ => None,
    }
}

/// Splits a block into items. An item ends with the braces of a function or a macro, with a semicolon,
/// or where attributes follow other tokens.
fn items(tokens: TokenStream) -> Vec<TokenStream> {
    let mut items = Vec::new();
    let mut item = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_signature = item.iter().any(|token| is_word(token, "fn"));
        let ends_in_brackets = matches!(
            item.last(),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket
        );
        let ends = match &token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                is_signature || item.iter().any(|token| is_punct(token, '!'))
            }
            token => is_punct(token, ';'),
        };
        if !item.is_empty() && !ends_in_brackets && is_punct(&token, '#') {
            items.push(item.drain(..).collect());
        }
        item.push(token);
        if ends || tokens.peek().is_none() {
            items.push(item.drain(..).collect());
        }
    }
    items
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_punct(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}
