//! Macro arguments: parses those of common grammars into expressions, so that bodies can be checked
//! and rewritten inside of macro calls.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Expr, Macro, Pat, Token,
    parse::{ParseStream, Parser as _},
    punctuated::Punctuated,
};

/// The parsed arguments of a macro call.
pub(crate) enum MacroBody {
    /// `format!(a, b, name = c)`
    List(Punctuated<Expr, Token![,]>),
    /// `vec![a; n]`
    Repeat(Box<Expr>, Token![;], Box<Expr>),
    /// `matches!(a, pattern if guard)`
    Match(
        Box<Expr>,
        Token![,],
        Box<Pat>,
        Option<(Token![if], Box<Expr>)>,
    ),
    /// Another grammar.
    Opaque,
}

impl MacroBody {
    pub(crate) fn of(call: &Macro) -> Self {
        let tokens = || call.tokens.clone();
        if let Ok(list) = Punctuated::parse_terminated.parse2(tokens()) {
            return Self::List(list);
        }
        let repeat = |input: ParseStream<'_>| {
            Ok(Self::Repeat(input.parse()?, input.parse()?, input.parse()?))
        };
        if let Ok(repeat) = repeat.parse2(tokens()) {
            return repeat;
        }
        let matching = |input: ParseStream<'_>| {
            let (value, comma) = (input.parse()?, input.parse()?);
            let pattern = Pat::parse_multi_with_leading_vert(input)?;
            let guard = match input.peek(Token![if]) {
                true => Some((input.parse()?, input.parse()?)),
                false => None,
            };
            input.parse::<Option<Token![,]>>()?;
            Ok(Self::Match(value, comma, Box::new(pattern), guard))
        };
        matching.parse2(tokens()).unwrap_or(Self::Opaque)
    }

    /// Returns the expressions among the arguments.
    pub(crate) fn expressions(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::List(list) => list.iter_mut().collect(),
            Self::Repeat(value, _, times) => vec![value, times],
            Self::Match(value, _, _, None) => vec![value],
            Self::Match(value, _, _, Some((_, guard))) => vec![value, guard],
            Self::Opaque => Vec::new(),
        }
    }

    /// Converts the arguments back into tokens; `None` for another grammar.
    pub(crate) fn into_tokens(self) -> Option<TokenStream> {
        Some(match self {
            Self::List(list) => list.into_token_stream(),
            Self::Repeat(value, semi, times) => quote!(#value #semi #times),
            Self::Match(value, comma, pattern, None) => quote!(#value #comma #pattern),
            Self::Match(value, comma, pattern, Some((when, guard))) => {
                quote!(#value #comma #pattern #when #guard)
            }
            Self::Opaque => return None,
        })
    }
}
