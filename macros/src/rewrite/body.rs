//! Async bodies: rewrites `self`, awaits, calls of async methods, and nested bodies.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Expr, ExprAsync, ExprAwait, ExprCall, ExprClosure, ExprMethodCall, Item, Macro,
    Stmt,
    parse::{ParseStream, Parser as _},
    parse_quote,
    spanned::Spanned as _,
    visit_mut::{self, VisitMut},
};

use super::{
    Access, Cx, Holder, State, Uses, borrowed, cell,
    context::Context,
    context_misuse,
    evaluation_order::{self, Form},
    hidden, loop_over_state, mentions, opening, outside, site,
    state_place::is_self,
};
use crate::{diag::Errors, mistake::BodyMistake};

pub(super) struct Rewriter<'a> {
    pub(super) cx: &'a Cx,
    pub(super) state: State,
    /// The state's name in nested bodies.
    pub(super) nested: String,
    pub(super) context: Option<&'a Context>,
    /// Whether the method has type parameters.
    pub(super) generic: bool,
    pub(super) uses: &'a mut Uses,
    pub(super) errors: &'a mut Errors,
}

impl VisitMut for Rewriter<'_> {
    /// Skips items inside of a body, which have a `self` of their own or none.
    fn visit_item_mut(&mut self, _: &mut Item) {}

    fn visit_macro_mut(&mut self, call: &mut Macro) {
        self.macro_call(call);
    }

    /// Moves attributes before the rewritten statement, so that `#[cfg(..)]` removes all of it.
    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        if let Stmt::Macro(call) = statement
            && let Some(expression) = self.by_reference_macro(&mut call.mac)
        {
            let (attributes, semi) = (&call.attrs, call.semi_token);
            let expression = Expr::Verbatim(quote!(#(#attributes)* #expression));
            *statement = Stmt::Expr(expression, semi);
            return;
        }
        let attributes = match statement {
            Stmt::Expr(expression, _) => take_attributes(expression),
            _ => Vec::new(),
        };
        visit_mut::visit_stmt_mut(self, statement);
        if let Stmt::Expr(expression, _) = statement
            && !attributes.is_empty()
        {
            *expression = Expr::Verbatim(quote!(#(#attributes)* #expression));
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let rewritten = match &mut *expression {
            Expr::Path(_) if self.state.is_as_written() => return,
            Expr::Path(path) if path.path.is_ident("self") => {
                Some(self.state.value(self.cx, path.path.span()))
            }
            Expr::Await(awaited) => Some(self.awaited(awaited)),
            Expr::MethodCall(call) => match self.method_call(call) {
                MethodCall::Became(tokens) => Some(tokens),
                MethodCall::Done => return,
                MethodCall::Ordinary => self.in_order(expression),
            },
            Expr::Match(branches) if borrowed::check_match(branches, self.errors) => return,
            Expr::ForLoop(each) if loop_over_state::check(each, self.errors) => return,
            Expr::Call(call) => {
                self.enter_call(call);
                self.in_order(expression)
            }
            Expr::Macro(call) => self.by_reference_macro(&mut call.mac),
            Expr::Break(jump) if jump.label.is_some() => {
                visit_mut::visit_expr_break_mut(self, jump);
                jump.expr = jump.expr.take().map(|value| {
                    // The parser would read `'label ::path` as a labelled block.
                    let value = in_own_parentheses(value.into_token_stream());
                    Box::new(Expr::Verbatim(value))
                });
                return;
            }
            Expr::Async(block) if mentions(&block.block, "self") => Some(self.async_block(block)),
            // The awaits of such a body are its own, and it has no lease.
            Expr::Async(_) => return,
            Expr::Closure(closure) if closure.asyncness.is_some() => {
                return self.async_closure(closure);
            }
            Expr::Verbatim(tokens) => {
                if mentions(&*tokens, "await") {
                    self.errors.on(&*tokens, BodyMistake::HiddenAwait);
                }
                Some(self.replace_self(tokens.clone()))
            }
            _ => self.in_order(expression),
        };
        match rewritten {
            Some(tokens) => *expression = Expr::Verbatim(tokens),
            None => visit_mut::visit_expr_mut(self, expression),
        }
    }
}

/// The result of rewriting a method call.
enum MethodCall {
    /// The call is replaced by another expression.
    Became(TokenStream),
    /// The whole call is rewritten or refused.
    Done,
    /// The call needs only the rewriting of its operands.
    Ordinary,
}

impl Rewriter<'_> {
    /// Lends the state while the operand is awaited. A `match` keeps the operand's temporaries alive as
    /// long as a plain `.await` does, where a `let` would drop them.
    fn awaited(&mut self, awaited: &mut ExprAwait) -> TokenStream {
        let at = awaited.await_token.span;
        // The span of `give`. If the operand itself holds the state, one span for both calls would make rustc
        // suggest to "add a local" for a call inside of another one's `.await`.
        let first = first_span(&awaited.base, at);
        let start = match mentions(&awaited.base, "self") {
            true => first,
            false => at,
        };
        outside::check(&mut awaited.base, self.cx);
        self.visit_expr_mut(&mut awaited.base);
        self.uses.awaits |= matches!(self.state.holder, Holder::Receiver(_));
        let (this, lease) = (self.state.variable(at), self.state.lease(at));
        let (future, result) = (hidden("future", at), hidden("result", at));
        let operand = &awaited.base;
        // A call moves the variable: if the pattern below moved a variable that is awaited twice, rustc
        // would suggest to borrow in the pattern.
        let moved = match &**operand {
            Expr::Path(path) => self.spanned_call("moved", at, at, path.to_token_stream()),
            _ => operand.to_token_stream(),
        };
        let wait = quote_spanned!(at=> #future.await);
        let root = self.cx.root.at(at);
        let give = self.spanned_call("give", start, at, quote_spanned!(at=> #lease, #this));
        let take = quote_spanned!(at=> #this = #root::__private::take(#lease););
        let async_methods = quote! {
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
        self.one_span(first, at, async_methods)
    }

    /// Generates a call with the span of the operand's first token on its own first one and `await`'s span on
    /// its parentheses, so that rustc underlines all of `operand.await`.
    fn one_span(&self, start: Span, end: Span, inner: TokenStream) -> TokenStream {
        let root = self.cx.root.at(end);
        let value = quote_spanned!(end=> #root::__private::Value(#inner));
        self.spanned_call("value", start, end, value)
    }

    /// Generates a call of a runtime function that spans from `start` to `end`.
    fn spanned_call(&self, name: &str, start: Span, end: Span, inner: TokenStream) -> TokenStream {
        let (root, name) = (self.cx.root.at(start), Ident::new(name, start));
        let mut call = quote_spanned!(start=> #root::__private::#name);
        let mut group = Group::new(Delimiter::Parenthesis, inner);
        group.set_span(end);
        call.extend([TokenTree::Group(group)]);
        call
    }

    /// Names the method's cell, and records its use.
    fn cell(&mut self, at: Span) -> Ident {
        self.uses.cell = true;
        cell(at)
    }

    fn method_call(&mut self, call: &mut ExprMethodCall) -> MethodCall {
        if is_self(&call.receiver) && self.cx.is_async(&call.method) {
            if self.cx.refuses_call(&call.method, self.errors) {
                return MethodCall::Done;
            }
            for argument in &mut call.args {
                self.visit_expr_mut(argument);
            }
            let (method, turbofish, arguments) = (&call.method, &call.turbofish, &call.args);
            let at = call.receiver.span();
            let cell = self.cell(at);
            let call = quote_spanned!(at=> Self::#method #turbofish(#cell, #arguments));
            return MethodCall::Became(call);
        }
        if let Some(context) = self.context
            && let Some((tokens, mistake)) = context_misuse::of(call, context, self.cx)
        {
            self.errors.on(tokens, mistake);
            return MethodCall::Done;
        }
        if borrowed::check_call(call, self.errors) {
            return MethodCall::Done;
        }
        if call.method == "wait_until"
            && call.args.len() == 1
            && let Some(Expr::Closure(condition)) = call.args.first_mut()
            && condition.inputs.is_empty()
            && mentions(&condition.body, "self")
        {
            self.condition(condition);
            self.visit_expr_mut(&mut call.receiver);
            return MethodCall::Done;
        }
        MethodCall::Ordinary
    }

    /// Rewrites the path call of an async method, `Self::helper(self, ..)`.
    fn enter_call(&mut self, call: &mut ExprCall) {
        if let (Expr::Path(function), Some(first)) = (&*call.func, call.args.first_mut())
            && self.cx.names_async(&function.path)
            && is_self(first)
        {
            if self
                .cx
                .refuses_call(&function.path.segments[1].ident, self.errors)
            {
                return;
            }
            let cell = self.cell(first.span());
            *first = parse_quote!(#cell);
        }
    }

    /// Rewrites the condition of `wait_until`: the runtime evaluates it while all bodies have lent the
    /// state, so each evaluation takes a lease of its own.
    fn condition(&mut self, condition: &mut ExprClosure) {
        if mentions(&condition.body, "await") {
            self.errors
                .on(&condition.body, BodyMistake::ConditionAwaits);
            return;
        }
        let site = match self.generic {
            true => TokenStream::new(),
            false => site(self.cx, condition.body.span()),
        };
        let body = self.own_lease(&mut condition.body, Access::Shared, site);
        *condition.body = Expr::Verbatim(body);
    }

    /// Evaluates the awaiting operands of an expression before it, so that no place in the state is
    /// borrowed during an await; `None` if there are no such operands.
    fn in_order(&mut self, expression: &mut Expr) -> Option<TokenStream> {
        let (operands, form) = evaluation_order::take_out(expression)?;
        let operands: Vec<_> = operands
            .into_iter()
            .map(|(name, mut value)| {
                self.visit_expr_mut(&mut value);
                (name, value)
            })
            .collect();
        visit_mut::visit_expr_mut(self, expression);
        let last = match form {
            Form::Place => quote!(&#expression),
            Form::Value | Form::Statement | Form::Branches => expression.to_token_stream(),
        };
        let bound = operands.iter().rev().fold(
            last,
            |inner, (name, value)| quote!(match #value { #name => #inner }),
        );
        let at = operands
            .first()
            .map_or_else(Span::call_site, |(name, _)| name.span());
        Some(match form {
            Form::Value => self.one_span(at, at, bound),
            Form::Statement => quote!({ #bound }),
            Form::Branches => bound,
            Form::Place => in_own_parentheses(quote!(*#bound)),
        })
    }

    /// `async { ..self.. }`: may be polled between polls of other code, so it takes the state on each
    /// poll.
    fn async_block(&mut self, block: &mut ExprAsync) -> TokenStream {
        let (at, capture) = (block.async_token.span, block.capture);
        let attributes = &block.attrs;
        let inner = &block.block;
        let mut body: Expr = parse_quote!(#inner);
        let body = self.own_lease(&mut body, self.state.access, TokenStream::new());
        let cell = self.cell(at);
        match capture {
            None => quote_spanned!(at=> #(#attributes)* async #body),
            // The block may outlive this body, so it owns a clone of the cell.
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

    /// Generates a nested body with a lease of its own, after the statements `first`.
    fn own_lease(&mut self, body: &mut Expr, access: Access, first: TokenStream) -> TokenStream {
        let at = body.span();
        let state = State {
            access,
            holder: Holder::Local(self.nested.clone(), at),
        };
        let opening = opening(&state, self.cx, at);
        self.uses.cell = true;
        Rewriter {
            cx: self.cx,
            state,
            nested: self.nested.clone(),
            context: self.context,
            generic: self.generic,
            uses: self.uses,
            errors: self.errors,
        }
        .visit_expr_mut(body);
        let opening = quote!(#first #opening);
        match body {
            Expr::Block(block) if block.label.is_none() => {
                let (attributes, statements) = (&block.attrs, &block.block.stmts);
                let braces = block.block.brace_token.span.join();
                braced(quote!(#(#attributes)* #opening #(#statements)*), braces)
            }
            other => braced(quote!(#opening #other), other.span()),
        }
    }
}

fn first_span(tokens: impl ToTokens, or: Span) -> Span {
    let first = tokens.into_token_stream().into_iter().next();
    first.map_or(or, |token| token.span())
}

/// Generates a block with the span of the user's braces.
fn braced(inner: TokenStream, at: Span) -> TokenStream {
    let mut group = Group::new(Delimiter::Brace, inner);
    group.set_span(at);
    TokenTree::Group(group).into()
}

/// Wraps an expression in parentheses with a macro span, which lints do not report.
pub(super) fn in_own_parentheses(inner: TokenStream) -> TokenStream {
    let mut group = Group::new(Delimiter::Parenthesis, inner);
    group.set_span(Span::mixed_site());
    TokenTree::Group(group).into()
}

/// Removes the attributes of a statement, which the parser attaches to its leftmost operand.
fn take_attributes(expression: &mut Expr) -> Vec<Attribute> {
    let with_attributes = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        let rest: TokenStream = input.parse()?;
        Ok((attributes, rest))
    };
    let Ok((attributes, rest)) = with_attributes.parse2(expression.to_token_stream()) else {
        return Vec::new();
    };
    if !attributes.is_empty() {
        match syn::parse2(rest) {
            Ok(bare) => *expression = bare,
            Err(_) => return Vec::new(),
        }
    }
    attributes
}
