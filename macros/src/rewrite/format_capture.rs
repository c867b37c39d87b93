//! Captures in format strings: finds `self` in `format!("{self:?}")`.

use proc_macro2::{Literal, TokenStream};
use quote::ToTokens as _;
use syn::{Expr, ExprLit, Lit, LitStr, Macro};

/// Whether a literal is a string that captures `self`.
pub(super) fn in_literal(literal: &Literal) -> bool {
    match syn::parse2::<LitStr>(literal.to_token_stream()) {
        Ok(text) => captures_self(&text.value()),
        Err(_) => false,
    }
}

/// Whether an argument of a macro is a format string that captures `self`.
pub(super) fn in_argument(argument: &Expr) -> bool {
    matches!(argument, Expr::Lit(ExprLit { lit: Lit::Str(text), .. })
        if captures_self(&text.value()))
}

/// Whether an argument of a macro is a string literal.
pub(super) fn is_text(argument: &Expr) -> bool {
    matches!(
        argument,
        Expr::Lit(ExprLit {
            lit: Lit::Str(_),
            ..
        })
    )
}

/// The position of a macro's format string.
pub(super) enum Format {
    /// No format string: its literals are values.
    Nowhere,
    /// The argument at this index.
    At(usize),
    /// The first string literal, a guess for unknown macros.
    FirstText,
}

impl Format {
    pub(super) fn of(call: &Macro) -> Self {
        let Some(last) = call.path.segments.last() else {
            return Self::Nowhere;
        };
        match last.ident.to_string().as_str() {
            "vec" | "dbg" | "matches" | "concat" | "stringify" | "include" | "include_str"
            | "include_bytes" | "env" | "option_env" => Self::Nowhere,
            "format" | "format_args" | "print" | "println" | "eprint" | "eprintln" | "panic"
            | "todo" | "unimplemented" | "unreachable" => Self::At(0),
            "write" | "writeln" | "assert" | "debug_assert" => Self::At(1),
            "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => Self::At(2),
            _ => Self::FirstText,
        }
    }

    /// Whether the argument at `index` is the format string; `after_text` is whether an argument before it
    /// is a string literal.
    pub(super) fn is_at(&self, index: usize, after_text: bool) -> bool {
        match self {
            Self::Nowhere => false,
            Self::At(place) => index == *place,
            Self::FirstText => !after_text,
        }
    }
}

/// Generates the argument that binds such a capture to `state`: a named one called `self`.
pub(super) fn argument(state: &TokenStream) -> TokenStream {
    quote::quote!(self = #state)
}

fn captures_self(format: &str) -> bool {
    let mut rest = format;
    while let Some(open) = rest.find('{') {
        let after = &rest[open + 1..];
        if let Some(escaped) = after.strip_prefix('{') {
            rest = escaped;
            continue;
        }
        let end = after.find('}').unwrap_or(after.len());
        let (name, spec) = after[..end].split_once(':').unwrap_or((&after[..end], ""));
        // `{value:self$}` takes its width from a capture; no one names a width `self`.
        if name.trim() == "self" || spec.contains("self$") {
            return true;
        }
        rest = &after[end..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::captures_self;

    #[test]
    fn captures_are_told_from_text() {
        assert!(captures_self("{self}"));
        assert!(captures_self("a {x} {self:#?}"));
        assert!(!captures_self("{{self}}"));
        assert!(!captures_self("self {myself} {self_}"));
    }
}
