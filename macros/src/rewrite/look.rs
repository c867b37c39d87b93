//! Looks at methods without changing them.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{
    Expr, ExprMethodCall, ImplItemFn, Item, PatIdent,
    visit::{self, Visit},
};

use super::Cx;
use crate::{diag::Errors, mistake::BodyMistake, syntax::signature::parameters};

/// A plain method has no cell, so it cannot call an async one of the block.
pub(super) fn check_plain(method: &ImplItemFn, cx: &Cx, errors: &mut Errors) {
    let mut calls = Calls { cx, errors };
    calls.visit_block(&method.block);
}

struct Calls<'a> {
    cx: &'a Cx,
    errors: &'a mut Errors,
}

impl Visit<'_> for Calls<'_> {
    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        if is_self(&call.receiver) && self.cx.is_async(&call.method) {
            self.errors
                .on(&call.method, BodyMistake::AsyncFromSync(&call.method));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item(&mut self, _: &Item) {}
}

/// How a method calls its context.
pub(super) struct Context {
    pub(super) name: Ident,
    /// Whether the body gives the name to something else too, such as a clone.
    is_shadowed: bool,
}

impl Context {
    /// Whether an expression calls something by this name.
    pub(super) fn may_be_in(&self, expression: &Expr) -> bool {
        super::mentions(expression, &self.name.to_string())
    }

    /// Whether code surely means the context by this name.
    pub(super) fn is_in(&self, code: impl ToTokens) -> bool {
        !self.is_shadowed && super::mentions(code, &self.name.to_string())
    }
}

/// The context of a method: what its first reference is called, whatever its type.
pub(super) fn context_of(method: &ImplItemFn) -> Option<Context> {
    struct Taken<'a>(&'a Ident, bool);
    impl Visit<'_> for Taken<'_> {
        fn visit_pat_ident(&mut self, pattern: &PatIdent) {
            self.1 |= pattern.ident == *self.0;
        }
    }
    let first = parameters(&method.sig).into_iter().next()?;
    first.reference()?;
    let name = first.name()?.clone();
    let mut taken = Taken(&name, false);
    taken.visit_block(&method.block);
    let is_shadowed = taken.1;
    Some(Context { name, is_shadowed })
}

/// Whether an expression is the word `self`.
pub(super) fn is_self(expression: &Expr) -> bool {
    match expression {
        Expr::Path(path) => path.path.is_ident("self"),
        Expr::Group(group) => is_self(&group.expr),
        Expr::Paren(paren) => is_self(&paren.expr),
        _ => false,
    }
}

/// Whether an expression is a place in the state: `self`, `self.a.b`, `self.a[i]`.
pub(super) fn is_place_of_self(expression: &Expr) -> bool {
    match expression {
        Expr::Field(field) => is_place_of_self(&field.base),
        Expr::Index(index) => {
            is_place_of_self(&index.expr) && !super::mentions(&index.index, "await")
        }
        Expr::Group(group) => is_place_of_self(&group.expr),
        Expr::Paren(paren) => is_place_of_self(&paren.expr),
        other => is_self(other),
    }
}
