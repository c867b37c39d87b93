//! Attribute options: parses `name = "..", start_to_close = "10s", remote`.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens as _;
use syn::{
    Attribute, Expr, ExprLit, ExprUnary, Lit, LitStr, Meta, Path, Token, UnOp,
    ext::IdentExt as _,
    parse::{ParseStream, Parser as _},
    token,
};

use super::{duration, marker::Marker};
use crate::{diag::Errors, mistake::OptionMistake};

/// An option's value with the spans of its key and of itself, so that a conflict can point at either.
#[derive(Clone)]
pub(crate) struct Keyed<T> {
    pub(crate) key: Span,
    pub(crate) at: Span,
    pub(crate) value: T,
}

/// The options of one attribute. Each getter removes its option and registers its key as known;
/// [`finish`](Self::finish) reports the remaining options as unknown.
pub(crate) struct Options {
    marker: Marker,
    given: Vec<(Ident, Option<Expr>)>,
    known: Vec<&'static str>,
}

impl Options {
    /// Parses the options of a mark inside an item.
    pub(crate) fn of(attribute: &Attribute, marker: Marker, errors: &mut Errors) -> Self {
        match &attribute.meta {
            Meta::Path(_) => Self::parse(TokenStream::new(), marker, errors),
            Meta::List(list) => Self::parse(list.tokens.clone(), marker, errors),
            Meta::NameValue(pair) => {
                let name = match &pair.value {
                    Expr::Lit(ExprLit {
                        lit: Lit::Str(name),
                        ..
                    }) if marker.is_named() => Some(name.token().to_string()),
                    _ => None,
                };
                errors.on(&pair.value, OptionMistake::InParentheses(marker, name));
                Self::parse(TokenStream::new(), marker, errors)
            }
        }
    }

    /// Parses the tokens in the parentheses of `marker`.
    pub(crate) fn parse(tokens: TokenStream, marker: Marker, errors: &mut Errors) -> Self {
        let mut given: Vec<(Ident, Option<Expr>)> = Vec::new();
        let read = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let key = input.call(Ident::parse_any).map_err(|error| {
                    syn::Error::new(error.span(), OptionMistake::NeedsKeys(marker).to_string())
                })?;
                let value = if input.peek(Token![=]) {
                    input.parse::<Token![=]>()?;
                    Some(input.parse::<Expr>()?)
                } else if input.peek(Token![:]) {
                    errors.at(key.span(), OptionMistake::NeedsEquals(&key));
                    input.parse::<Token![:]>()?;
                    Some(input.parse::<Expr>()?)
                } else if input.peek(token::Paren) {
                    errors.at(key.span(), OptionMistake::NeedsEquals(&key));
                    Some(match input.parse::<Expr>()? {
                        Expr::Paren(value) => *value.expr,
                        other => other,
                    })
                } else {
                    None
                };
                match given.iter().any(|(earlier, _)| *earlier == key) {
                    true => errors.at(key.span(), OptionMistake::Twice(&key)),
                    false => given.push((key, value)),
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        if let Err(error) = read.parse2(tokens) {
            errors.push(error);
        }
        Self {
            marker,
            given,
            known: Vec::new(),
        }
    }

    /// Adds the options of another attribute of the same item.
    pub(crate) fn append(&mut self, others: Self, errors: &mut Errors) {
        for (key, value) in others.given {
            match self.given.iter().any(|(earlier, _)| *earlier == key) {
                true => errors.at(key.span(), OptionMistake::Twice(&key)),
                false => self.given.push((key, value)),
            }
        }
    }

    /// Takes a non-empty text: a name or a task queue.
    pub(crate) fn text(&mut self, key: &'static str, errors: &mut Errors) -> Option<Keyed<LitStr>> {
        let found = self.literal(key, errors)?;
        if found.value.value().trim().is_empty() {
            errors.at(found.at, OptionMistake::EmptyText(key));
            return None;
        }
        Some(found)
    }

    /// Takes a duration such as `"1h30m"`.
    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        errors: &mut Errors,
    ) -> Option<Keyed<Duration>> {
        let found = self.take(key)?;
        let text = match &found.value {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            })) => text.value(),
            // A bare number is parsed as a text without a unit, whose error suggests the spelling.
            Some(Expr::Lit(ExprLit {
                lit: Lit::Int(number),
                ..
            })) => number.base10_digits().to_owned(),
            Some(Expr::Unary(ExprUnary {
                op: UnOp::Neg(_),
                expr,
                ..
            })) if matches!(&**expr, Expr::Lit(_)) => format!("-{}", expr.to_token_stream()),
            _ => {
                errors.at(found.at, OptionMistake::NeedsText(key, "\"10s\""));
                return None;
            }
        };
        match duration::parse(&text) {
            Ok(value) => Some(Keyed {
                key: found.key,
                at: found.at,
                value,
            }),
            Err(wrong) => {
                errors.at(found.at, OptionMistake::Duration(&wrong));
                // A placeholder, so that calls do not also fail for a missing timeout.
                Some(Keyed {
                    key: found.key,
                    at: found.at,
                    value: Duration::from_secs(1),
                })
            }
        }
    }

    /// Takes a count of at least one.
    pub(crate) fn count(&mut self, key: &'static str, errors: &mut Errors) -> Option<Keyed<u32>> {
        let found = self.take(key)?;
        let value = match &found.value {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Int(number),
                ..
            })) => number.base10_parse::<u32>().ok().filter(|n| *n > 0),
            _ => None,
        };
        match value {
            Some(value) => Some(Keyed {
                key: found.key,
                at: found.at,
                value,
            }),
            None => {
                errors.at(found.at, OptionMistake::CountFromOne(key));
                None
            }
        }
    }

    /// Takes the name of a method.
    pub(crate) fn method(
        &mut self,
        key: &'static str,
        errors: &mut Errors,
    ) -> Option<Keyed<Ident>> {
        let found = self.take(key)?;
        let method = match &found.value {
            Some(Expr::Path(path)) => path.path.get_ident().cloned(),
            _ => None,
        };
        if let Some(value) = method {
            return Some(Keyed {
                key: found.key,
                at: found.at,
                value,
            });
        }
        let meant = found.value.as_ref().and_then(meant_method);
        let mistake = OptionMistake::NeedsMethod(key, meant);
        match &found.value {
            Some(value) => errors.on(value, mistake),
            None => errors.at(found.at, mistake),
        }
        None
    }

    /// Takes a path: `crate = flows::durably`.
    pub(crate) fn path(&mut self, key: &'static str, errors: &mut Errors) -> Option<Path> {
        let found = self.take(key)?;
        match found.value {
            Some(Expr::Path(path)) if path.qself.is_none() => Some(path.path),
            _ => {
                errors.at(found.at, OptionMistake::NeedsPath(key));
                None
            }
        }
    }

    /// Takes a key without a value, and returns its span.
    pub(crate) fn flag(&mut self, key: &'static str, errors: &mut Errors) -> Option<Span> {
        let found = self.take(key)?;
        if found.value.is_some() {
            errors.at(found.at, OptionMistake::FlagHasValue(key));
        }
        Some(found.key)
    }

    /// Returns the keys of the remaining options.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Ident> {
        self.given.iter().map(|(key, _)| key)
    }

    /// Reports the remaining options as unknown.
    pub(crate) fn finish(self, errors: &mut Errors) {
        for (key, value) in &self.given {
            errors.at(
                key.span(),
                OptionMistake::Unknown {
                    key,
                    marker: self.marker,
                    known: &self.known,
                    alone: value.is_none(),
                },
            );
        }
    }

    fn literal(&mut self, key: &'static str, errors: &mut Errors) -> Option<Keyed<LitStr>> {
        let found = self.take(key)?;
        match found.value {
            Some(Expr::Lit(ExprLit {
                lit: Lit::Str(value),
                ..
            })) => Some(Keyed {
                key: found.key,
                at: found.at,
                value,
            }),
            Some(path @ Expr::Path(_)) => {
                errors.on(path, OptionMistake::NeedsTextHere(key));
                None
            }
            Some(other) => {
                errors.on(other, OptionMistake::NeedsText(key, "\"..\""));
                None
            }
            None => {
                errors.at(found.at, OptionMistake::NeedsText(key, "\"..\""));
                None
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Keyed<Option<Expr>>> {
        self.known.push(key);
        let index = self.given.iter().position(|(given, _)| given == key)?;
        let (key, value) = self.given.remove(index);
        let value = value.map(ungrouped);
        let at = value
            .as_ref()
            .map_or_else(|| key.span(), syn::spanned::Spanned::span);
        Some(Keyed {
            key: key.span(),
            at,
            value,
        })
    }
}

/// Unwraps the invisible group in which `macro_rules!` passes a `$value` fragment.
fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}

/// Guesses the method that a value other than a name means: `"check"`, `Self::check`, `check()`.
fn meant_method(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => syn::parse_str::<Ident>(&text.value())
            .ok()
            .map(|name| name.to_string()),
        Expr::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        Expr::Call(call) => meant_method(&call.func),
        _ => None,
    }
}
