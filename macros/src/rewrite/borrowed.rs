//! Awaits at which the state is lent while the expression around them still borrows from it, where
//! rustc's own message would not name the call to write.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::{
    Expr, ExprAsync, ExprAwait, ExprClosure, ExprMatch, ExprMethodCall, Item, Pat, Path, Token,
    visit::{self, Visit},
};

use super::state_place::is_self;
use crate::{diag::Errors, mistake::BodyMistake};

/// `self.lists.entry(key).or_default().push(x.await)`: reports the await, if there is one.
pub(super) fn check_call(call: &ExprMethodCall, errors: &mut Errors) -> bool {
    let awaited = call.args.iter().find_map(first_await);
    let borrows = !copies_number(&call.method) && is_borrow_of_self(&call.receiver);
    let Some(awaited) = awaited.filter(|_| borrows) else {
        return false;
    };
    errors.on(
        awaited.to_token_stream(),
        BodyMistake::AwaitedBesideBorrow(&call.method),
    );
    true
}

/// `match self.rows[0] { 1 if x.await => .. }`: reports the await, if there is one.
pub(super) fn check_match(branches: &ExprMatch, errors: &mut Errors) -> bool {
    let guards = branches.arms.iter().filter_map(|arm| arm.guard.as_ref());
    let awaited = guards
        .map(|(_, guard)| first_await(guard))
        .find_map(|it| it);
    let reads = branches.arms.iter().any(|arm| reads(&arm.pat));
    let Some(awaited) = awaited.filter(|_| reads && is_place_of_self(&branches.expr)) else {
        return false;
    };
    errors.on(awaited.to_token_stream(), BodyMistake::GuardAwaits);
    true
}

/// Whether a pattern certainly reads the place that is matched, so that `match` borrows it during the
/// guards: it binds or compares a part of it. `(_, _)` and `Point { .. }` read nothing.
fn reads(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(_) | Pat::Lit(_) | Pat::Range(_) | Pat::Const(_) => true,
        Pat::Path(path) => is_variant(&path.path),
        Pat::TupleStruct(parts) => is_variant(&parts.path) || parts.elems.iter().any(reads),
        Pat::Struct(parts) => {
            is_variant(&parts.path) || parts.fields.iter().any(|field| reads(&field.pat))
        }
        Pat::Tuple(parts) => parts.elems.iter().any(reads),
        Pat::Slice(parts) => parts.elems.iter().any(reads),
        Pat::Or(cases) => cases.cases.iter().any(reads),
        Pat::Reference(reference) => reads(&reference.pat),
        Pat::Paren(paren) => reads(&paren.pat),
        Pat::Type(typed) => reads(&typed.pat),
        _ => false,
    }
}

/// Whether a path is a variant of an enum, by its name: `Some`, `Status::Open`.
fn is_variant(path: &Path) -> bool {
    let names: Vec<String> = path
        .segments
        .iter()
        .map(|it| it.ident.to_string())
        .collect();
    match &names[..] {
        [.., owner, _] => owner.starts_with(char::is_uppercase),
        [name] => matches!(name.as_str(), "Some" | "Ok" | "Err"),
        [] => false,
    }
}

/// Whether an expression is a call of methods whose results all borrow, by their names, from a place of
/// the state: `self.map.entry(key).or_default()`, `self.list.last_mut().unwrap()`. Not
/// `self.shared.clone().borrow_mut()`, which borrows from the clone.
fn is_borrow_of_self(expression: &Expr) -> bool {
    match expression {
        Expr::MethodCall(call) => match () {
            () if gives_borrow(&call.method) => is_in_self(&call.receiver),
            () if call.method == "unwrap" || call.method == "expect" => {
                is_borrow_of_self(&call.receiver)
            }
            () => false,
        },
        Expr::Try(tried) => is_borrow_of_self(&tried.expr),
        Expr::Paren(paren) => is_borrow_of_self(&paren.expr),
        Expr::Group(group) => is_borrow_of_self(&group.expr),
        _ => false,
    }
}

fn gives_borrow(method: &Ident) -> bool {
    let name = method.to_string();
    name.ends_with("_mut") || name == "or_default" || name.starts_with("or_insert")
}

/// Whether a method's result borrows from its receiver and is what a method of `gives_borrow` is
/// called on.
fn leads_to_borrow(method: &Ident) -> bool {
    matches!(
        method.to_string().as_str(),
        "entry" | "and_modify" | "as_ref" | "as_deref"
    )
}

/// Whether a method takes a number by value, so that its receiver is copied before the arguments are
/// evaluated: `self.counts.entry(key).or_default().saturating_add(x.await)`.
fn copies_number(method: &Ident) -> bool {
    let name = method.to_string();
    let families = ["checked_", "overflowing_", "saturating_", "wrapping_"];
    families.iter().any(|family| name.starts_with(family))
        || matches!(
            name.as_str(),
            "abs_diff"
                | "clamp"
                | "div_euclid"
                | "max"
                | "min"
                | "pow"
                | "powf"
                | "powi"
                | "rem_euclid"
        )
}

/// Whether an expression is a place of the state, or one behind a borrow of it:
/// `self.rows.last_mut()?.cells`.
pub(super) fn is_in_self(expression: &Expr) -> bool {
    match expression {
        Expr::MethodCall(call) if leads_to_borrow(&call.method) => is_in_self(&call.receiver),
        Expr::MethodCall(_) | Expr::Try(_) => is_borrow_of_self(expression),
        Expr::Field(field) => is_in_self(&field.base),
        Expr::Index(index) => is_in_self(&index.expr),
        Expr::Paren(paren) => is_in_self(&paren.expr),
        Expr::Group(group) => is_in_self(&group.expr),
        other => is_self(other),
    }
}

/// Whether an expression is a place of the state, however its index is computed, or a reference to one.
fn is_place_of_self(expression: &Expr) -> bool {
    match expression {
        Expr::Field(field) => is_place_of_self(&field.base),
        Expr::Index(index) => is_place_of_self(&index.expr),
        Expr::Reference(reference) => is_place_of_self(&reference.expr),
        Expr::Paren(paren) => is_place_of_self(&paren.expr),
        Expr::Group(group) => is_place_of_self(&group.expr),
        other => is_self(other),
    }
}

/// The first await that an expression does itself.
pub(super) fn first_await(expression: &Expr) -> Option<Token![await]> {
    struct First(Option<Token![await]>);
    impl Visit<'_> for First {
        fn visit_expr_await(&mut self, awaited: &ExprAwait) {
            visit::visit_expr_await(self, awaited);
            self.0.get_or_insert(awaited.await_token);
        }

        fn visit_expr_async(&mut self, _: &ExprAsync) {}

        fn visit_expr_closure(&mut self, _: &ExprClosure) {}

        fn visit_item(&mut self, _: &Item) {}
    }
    let mut first = First(None);
    first.visit_expr(expression);
    first.0
}
