//! The rewriting of one async body.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    BinOp, Expr, ExprAsync, ExprAwait, ExprBinary, ExprCall, ExprClosure, ExprMethodCall, Item,
    Macro, parse_quote,
    spanned::Spanned as _,
    visit_mut::{self, VisitMut},
};

use super::{
    Access, Cx, capture, cell, hidden, lease,
    look::{Context, is_place_of_self, is_self},
    mentions, misuse, opening, this,
};
use crate::{diag::Errors, mistake::BodyMistake, syntax::macro_body::MacroBody};

pub(super) struct Rewriter<'a> {
    pub(super) cx: &'a Cx,
    pub(super) access: Access,
    pub(super) context: Option<&'a Context>,
    pub(super) errors: &'a mut Errors,
}

impl VisitMut for Rewriter<'_> {
    /// Items inside a body have a `self` of their own, or none.
    fn visit_item_mut(&mut self, _: &mut Item) {}

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        self.macro_call(call);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let rewritten = match &mut *expression {
            Expr::Path(path) if path.path.is_ident("self") => {
                Some(self.access.state(self.cx, path.path.span()))
            }
            Expr::Await(awaited) => Some(self.awaited(awaited)),
            Expr::MethodCall(call) => self.method_call(call),
            Expr::Call(call) => {
                self.call(call);
                None
            }
            Expr::Binary(binary) if is_awaiting_update(binary) => Some(self.update(binary)),
            Expr::Async(block) if mentions(&block.block, "self") => Some(self.async_block(block)),
            // Its awaits are its own, and it holds no lease.
            Expr::Async(_) => None,
            Expr::Closure(closure) if closure.asyncness.is_some() => {
                self.async_closure(closure);
                None
            }
            Expr::Verbatim(tokens) => {
                if mentions(&*tokens, "await") {
                    self.errors.on(&*tokens, BodyMistake::HiddenAwait);
                }
                Some(self.replace_self(tokens.clone()))
            }
            other => {
                visit_mut::visit_expr_mut(self, other);
                None
            }
        };
        if let Some(tokens) = rewritten {
            *expression = Expr::Verbatim(tokens);
        }
    }
}

impl Rewriter<'_> {
    /// Lends the state while the operand is awaited. `match` keeps the operand's temporaries alive
    /// as long as a plain `.await` does.
    fn awaited(&mut self, awaited: &mut ExprAwait) -> TokenStream {
        let at = awaited.await_token.span;
        // What `give` spans. Where the operand itself holds the state, rustc would advise to "add
        // a local" for one call inside of another one's `.await`, did they have one span.
        let start = match mentions(&awaited.base, "self") {
            true => first_span(&awaited.base, at),
            false => at,
        };
        self.visit_expr_mut(&mut awaited.base);
        let (this, lease) = (this(at), lease(at));
        let (future, result) = (hidden("future", at), hidden("result", at));
        let operand = &awaited.base;
        // A variable is moved by a call: moved by the pattern below, rustc would advise to borrow it
        // there if it is awaited twice.
        let moved = match &**operand {
            Expr::Path(path) => self.spanned_call("moved", at, at, path.to_token_stream()),
            _ => operand.to_token_stream(),
        };
        let wait = quote_spanned!(at=> #future.await);
        let root = self.cx.root.at(at);
        let give = self.spanned_call("give", start, at, quote_spanned!(at=> &mut #lease, #this));
        let take = quote_spanned!(at=> #this = #root::__private::take(&mut #lease););
        let lent = quote! {
            match #moved {
                #future => {
                    #give;
                    let #result = #wait;
                    #[allow(unused_assignments)]
                    { #take }
                    #result
                }
            }
        };
        self.one_span(operand.to_token_stream(), at, lent)
    }

    /// A call whose first token has the span of the operand's first one and whose parenthesis has that
    /// of `await`, so that rustc underlines all of `operand.await`.
    fn one_span(&self, operand: TokenStream, end: Span, inner: TokenStream) -> TokenStream {
        let root = self.cx.root.at(end);
        let value = quote_spanned!(end=> #root::__private::Value(#inner));
        self.spanned_call("value", first_span(operand, end), end, value)
    }

    /// A call of one of the runtime's functions, from one span to another.
    fn spanned_call(&self, name: &str, start: Span, end: Span, inner: TokenStream) -> TokenStream {
        let (root, name) = (self.cx.root.at(start), Ident::new(name, start));
        let mut call = quote_spanned!(start=> #root::__private::#name);
        let mut group = Group::new(Delimiter::Parenthesis, inner);
        group.set_span(end);
        call.extend([TokenTree::Group(group)]);
        call
    }

    fn method_call(&mut self, call: &mut ExprMethodCall) -> Option<TokenStream> {
        if is_self(&call.receiver) && self.cx.is_async(&call.method) {
            for argument in &mut call.args {
                self.visit_expr_mut(argument);
            }
            let (method, turbofish, arguments) = (&call.method, &call.turbofish, &call.args);
            let cell = cell(call.receiver.span());
            let at = call.receiver.span();
            return Some(quote_spanned!(at=> Self::#method #turbofish(#cell, #arguments)));
        }
        if let Some(context) = self.context
            && let Some((tokens, mistake)) = misuse::of(call, context, self.cx)
        {
            self.errors.on(tokens, mistake);
            return None;
        }
        if call.method == "wait_until"
            && call.args.len() == 1
            && let Some(Expr::Closure(condition)) = call.args.first_mut()
            && condition.inputs.is_empty()
            && mentions(&condition.body, "self")
        {
            self.condition(condition);
            self.visit_expr_mut(&mut call.receiver);
            return None;
        }
        if is_place_of_self(&call.receiver) && call.args.iter().any(|a| mentions(a, "await")) {
            return Some(self.awaiting_arguments(call));
        }
        visit_mut::visit_expr_method_call_mut(self, call);
        None
    }

    /// `Self::helper(self, ..)` of an async method.
    fn call(&mut self, call: &mut ExprCall) {
        if let (Expr::Path(function), Some(first)) = (&*call.func, call.args.first_mut())
            && self.cx.names_async(&function.path)
            && is_self(first)
        {
            let cell = cell(first.span());
            *first = parse_quote!(#cell);
        }
        visit_mut::visit_expr_call_mut(self, call);
    }

    /// The condition of `wait_until`: it looks at the state while everyone waits, with a lease for
    /// each look.
    fn condition(&mut self, condition: &mut ExprClosure) {
        if mentions(&condition.body, "await") {
            self.errors
                .on(&condition.body, BodyMistake::ConditionAwaits);
            return;
        }
        let body = self.own_lease(&mut condition.body, Access::Shared);
        *condition.body = Expr::Verbatim(body);
    }

    /// `self.list.push(x.await)`: what is awaited comes first, so that the place is not borrowed
    /// meanwhile. Closures and what follows the last await stay where they are.
    fn awaiting_arguments(&mut self, call: &mut ExprMethodCall) -> TokenStream {
        let last = call.args.iter().rposition(|a| mentions(a, "await"));
        let mut bound: Vec<(Ident, Expr)> = Vec::new();
        for (index, argument) in call.args.iter_mut().enumerate() {
            self.visit_expr_mut(argument);
            if Some(index) <= last && !matches!(argument, Expr::Closure(_) | Expr::Lit(_)) {
                let name = hidden(&format!("argument_{index}"), argument.span());
                let value = std::mem::replace(argument, parse_quote!(#name));
                bound.push((name, value));
            }
        }
        self.visit_expr_mut(&mut call.receiver);
        let call = bound.iter().rev().fold(
            call.to_token_stream(),
            |inner, (name, value)| quote!(match #value { #name => #inner }),
        );
        let at = bound
            .first()
            .map_or_else(Span::call_site, |(name, _)| name.span());
        self.one_span(TokenStream::new(), at, call)
    }

    /// `self.total += x.await`: the awaited value first, then one read and write of the place.
    fn update(&mut self, binary: &mut ExprBinary) -> TokenStream {
        self.visit_expr_mut(&mut binary.right);
        self.visit_expr_mut(&mut binary.left);
        let (left, operator, right) = (&binary.left, &binary.op, &binary.right);
        let value = hidden("value", binary.op.span());
        quote!({ match #right { #value => #left #operator #value } })
    }

    /// `async { ..self.. }`: may be polled beside other code, so it takes the state when polled.
    fn async_block(&mut self, block: &mut ExprAsync) -> TokenStream {
        let (at, capture) = (block.async_token.span, block.capture);
        let attributes = &block.attrs;
        let inner = &block.block;
        let mut body: Expr = parse_quote!(#inner);
        let body = self.own_lease(&mut body, self.access);
        let cell = cell(at);
        match capture {
            None => quote_spanned!(at=> #(#attributes)* async #body),
            // It may outlive this body: it takes a share of the cell along.
            Some(capture) => {
                let share = hidden("share", at);
                quote_spanned! {at=>
                    {
                        let #share = ::core::clone::Clone::clone(#cell);
                        #(#attributes)* async #capture { let #cell = &#share; #body }
                    }
                }
            }
        }
    }

    fn async_closure(&mut self, closure: &ExprClosure) {
        if mentions(&closure.body, "self") {
            let asyncness = &closure.asyncness;
            self.errors
                .on(asyncness.to_token_stream(), BodyMistake::AsyncClosure);
        }
    }

    /// A body with a lease of its own.
    fn own_lease(&mut self, body: &mut Expr, access: Access) -> TokenStream {
        let at = body.span();
        Rewriter {
            cx: self.cx,
            access,
            context: self.context,
            errors: self.errors,
        }
        .visit_expr_mut(body);
        let opening = opening(self.cx, at);
        match body {
            Expr::Block(block) if block.label.is_none() => {
                let (attributes, statements) = (&block.attrs, &block.block.stmts);
                let braces = block.block.brace_token.span.join();
                braced(quote!(#(#attributes)* #opening #(#statements)*), braces)
            }
            other => braced(quote!(#opening #other), other.span()),
        }
    }

    fn macro_call(&mut self, call: &mut Macro) {
        let awaits = mentions(&call.tokens, "await");
        if !awaits && !mentions(&call.tokens, "self") {
            return;
        }
        let mut body = MacroBody::of(call);
        let mut captured = false;
        let format = capture::Format::of(call);
        let mut text_seen = false;
        for (index, expression) in body.expressions().into_iter().enumerate() {
            captured |= format.is_at(index, text_seen) && capture::in_argument(expression);
            text_seen |= capture::is_text(expression);
            match expression {
                // `name = value` among format arguments.
                Expr::Assign(named) => self.visit_expr_mut(&mut named.right),
                other => self.visit_expr_mut(other),
            }
        }
        call.tokens = match body.into_tokens() {
            Some(tokens) if captured => {
                let state = self.access.state(self.cx, call.path.span());
                let argument = capture::argument(&state);
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
    fn replace_self(&self, tokens: TokenStream) -> TokenStream {
        tokens
            .into_iter()
            .map(|token| match token {
                TokenTree::Ident(word) if word == "self" => {
                    let state = self.access.state(self.cx, word.span());
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

fn first_span(tokens: impl ToTokens, or: Span) -> Span {
    let first = tokens.into_token_stream().into_iter().next();
    first.map_or(or, |token| token.span())
}

/// A block whose braces are where the user's were.
fn braced(inner: TokenStream, at: Span) -> TokenStream {
    let mut group = Group::new(Delimiter::Brace, inner);
    group.set_span(at);
    TokenTree::Group(group).into()
}

fn is_awaiting_update(binary: &ExprBinary) -> bool {
    let assigns = matches!(
        binary.op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    );
    assigns && is_place_of_self(&binary.left) && mentions(&binary.right, "await")
}

fn needs_comma(list: &TokenStream) -> bool {
    let last = list.clone().into_iter().last();
    !matches!(last, Some(TokenTree::Punct(comma)) if comma.as_char() == ',')
}
