//! Macro calls in a body: rewrites `self` and awaits in arguments that parse as Rust expressions.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{Expr, Macro, spanned::Spanned as _, visit_mut::VisitMut as _};

use super::{
    body::{Rewriter, in_own_parentheses},
    evaluation_order, format_capture, mentions,
};
use crate::{mistake::BodyMistake, syntax::macro_body::MacroBody};

impl Rewriter<'_> {
    /// `format!("{} {}", self.name, x.await)` looks at all of its arguments at once; what is awaited
    /// comes first. None if the macro, or its arguments, are of another kind.
    pub(super) fn by_reference_macro(&mut self, call: &mut Macro) -> Option<TokenStream> {
        let mut body = MacroBody::of(call);
        let operands = evaluation_order::take_out_of_macro(&call.path, &mut body)?;
        call.tokens = body.into_tokens()?;
        self.macro_call(call);
        let bound =
            operands
                .into_iter()
                .rev()
                .fold(call.to_token_stream(), |inner, (name, mut value)| {
                    self.visit_expr_mut(&mut value);
                    quote!(match #value { #name => #inner })
                });
        Some(in_own_parentheses(bound))
    }

    pub(super) fn macro_call(&mut self, call: &mut Macro) {
        let awaits = mentions(&call.tokens, "await");
        // Also where `self` stays as it is written, an argument may call an async method, wait for a
        // condition, or be an `async` block.
        if !awaits && !mentions(&call.tokens, "self") {
            return;
        }
        let mut body = MacroBody::of(call);
        let mut captured = false;
        let format = format_capture::Format::of(call);
        let mut text_seen = false;
        for (index, expression) in body.expressions().into_iter().enumerate() {
            captured |= !self.state.is_as_written()
                && format.is_at(index, text_seen)
                && format_capture::in_argument(expression);
            text_seen |= format_capture::is_text(expression);
            match expression {
                // `name = value` among format arguments.
                Expr::Assign(named) => self.visit_expr_mut(&mut named.right),
                other => self.visit_expr_mut(other),
            }
        }
        call.tokens = match body.into_tokens() {
            Some(tokens) if captured => {
                let state = self.state.value(self.cx, call.path.span());
                let argument = format_capture::argument(&state);
                let comma = needs_comma(&tokens).then(|| quote!(,));
                quote!(#tokens #comma #argument)
            }
            Some(tokens) => tokens,
            None => {
                if awaits {
                    self.errors.on(&call.path, BodyMistake::HiddenAwait);
                }
                self.replace_self(std::mem::take(&mut call.tokens))
            }
        };
    }

    /// `self` by its stand-in, where the tokens are not understood.
    pub(super) fn replace_self(&self, tokens: TokenStream) -> TokenStream {
        if self.state.is_as_written() {
            return tokens;
        }
        tokens
            .into_iter()
            .map(|token| match token {
                TokenTree::Ident(word) if word == "self" => {
                    let state = self.state.value(self.cx, word.span());
                    let mut group = Group::new(Delimiter::None, state);
                    group.set_span(word.span());
                    TokenTree::Group(group)
                }
                TokenTree::Group(group) => {
                    let mut replaced =
                        Group::new(group.delimiter(), self.replace_self(group.stream()));
                    replaced.set_span(group.span());
                    TokenTree::Group(replaced)
                }
                other => other,
            })
            .collect()
    }
}

fn needs_comma(list: &TokenStream) -> bool {
    let last = list.clone().into_iter().last();
    !matches!(last, Some(TokenTree::Punct(comma)) if comma.as_char() == ',')
}
