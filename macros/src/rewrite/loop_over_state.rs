//! Loops over a borrow of the state that await: where the next iteration follows the await, the state is
//! borrowed while it is lent. rustc's own message would not name the loop to write.

use quote::ToTokens as _;
use syn::{
    Block, Expr, ExprAsync, ExprBreak, ExprClosure, ExprContinue, ExprForLoop, ExprLoop,
    ExprReturn, Item, Macro, Stmt, Token, visit::Visit,
};

use super::{
    borrowed::{first_await, is_in_self},
    state_place::is_place_of_self,
};
use crate::{diag::Errors, mistake::BodyMistake};

/// `for name in &self.names { x.await; }`: reports the await, if the next iteration follows it.
pub(super) fn check(each: &ExprForLoop, errors: &mut Errors) -> bool {
    let Some(awaited) = await_before_end(&each.body).filter(|_| iterates_self(&each.expr)) else {
        return false;
    };
    errors.on(awaited.to_token_stream(), BodyMistake::LoopAwaits);
    true
}

/// Whether a loop's iterator borrows from the state, whatever the types: `&self.names`,
/// `self.names.iter_mut()`. Not `self.names.iter()`, which borrows nothing if the field is a
/// `&'static [T]`.
fn iterates_self(iterated: &Expr) -> bool {
    match iterated {
        Expr::Reference(reference) => is_place_of_self(&reference.expr),
        Expr::MethodCall(call) => {
            let name = call.method.to_string();
            matches!(name.as_str(), "iter_mut" | "values_mut" | "drain")
                && is_in_self(&call.receiver)
        }
        Expr::Paren(paren) => iterates_self(&paren.expr),
        Expr::Group(group) => iterates_self(&group.expr),
        _ => false,
    }
}

/// The first await from which a block certainly reaches its end or a `continue`.
fn await_before_end(block: &Block) -> Option<Token![await]> {
    let statements = block.stmts.iter().enumerate();
    let mut awaits = statements.filter_map(|(at, statement)| Some((at, await_in(statement)?)));
    let (at, awaited) = awaits.next()?;
    block.stmts[at + 1..].iter().all(ends).then_some(awaited)
}

/// The first await of a statement from which the statement certainly ends.
fn await_in(statement: &Stmt) -> Option<Token![await]> {
    match statement {
        Stmt::Local(local) => local.init.as_ref().and_then(|init| await_of(&init.expr)),
        Stmt::Expr(expression, _) => await_of(expression),
        Stmt::Item(_) | Stmt::Macro(_) => None,
    }
}

fn await_of(expression: &Expr) -> Option<Token![await]> {
    match expression {
        Expr::Block(block) => await_before_end(&block.block),
        Expr::If(branch) => {
            let first = first_await(&branch.cond).filter(|_| ends_expression(expression));
            let other = branch.else_branch.as_ref();
            first
                .or_else(|| await_before_end(&branch.then_branch))
                .or_else(|| other.and_then(|(_, other)| await_of(other)))
        }
        Expr::Match(branches) => {
            let first = first_await(&branches.expr).filter(|_| ends_expression(expression));
            let mut arms = branches.arms.iter();
            first.or_else(|| arms.find_map(|arm| await_of(&arm.body)))
        }
        other => first_await(other).filter(|_| ends_expression(other)),
    }
}

/// Whether a statement certainly ends, or leads to the next iteration, in at least one way.
fn ends(statement: &Stmt) -> bool {
    match statement {
        Stmt::Local(local) => local
            .init
            .as_ref()
            .is_none_or(|init| ends_expression(&init.expr)),
        Stmt::Expr(expression, _) => ends_expression(expression),
        Stmt::Item(_) => true,
        Stmt::Macro(call) => is_known_to_end(&call.mac),
    }
}

fn ends_expression(expression: &Expr) -> bool {
    match expression {
        Expr::Block(block) => block.block.stmts.iter().all(ends),
        Expr::If(branch) => {
            let other = branch.else_branch.as_ref();
            let others = other.is_none_or(|(_, other)| ends_expression(other));
            !leaves(&branch.cond) && (others || branch.then_branch.stmts.iter().all(ends))
        }
        Expr::Match(branches) => {
            let mut arms = branches.arms.iter();
            !leaves(&branches.expr) && arms.any(|arm| ends_expression(&arm.body))
        }
        other => !leaves(other),
    }
}

/// Whether an expression may leave the loop around it for good.
fn leaves(expression: &Expr) -> bool {
    struct Leaves(bool);
    impl Visit<'_> for Leaves {
        fn visit_expr_break(&mut self, _: &ExprBreak) {
            self.0 = true;
        }

        fn visit_expr_return(&mut self, _: &ExprReturn) {
            self.0 = true;
        }

        fn visit_expr_continue(&mut self, jump: &ExprContinue) {
            self.0 |= jump.label.is_some();
        }

        // It may run for ever.
        fn visit_expr_loop(&mut self, _: &ExprLoop) {
            self.0 = true;
        }

        fn visit_macro(&mut self, call: &Macro) {
            self.0 |= !is_known_to_end(call);
        }

        fn visit_expr_async(&mut self, _: &ExprAsync) {}

        fn visit_expr_closure(&mut self, _: &ExprClosure) {}

        fn visit_item(&mut self, _: &Item) {}
    }
    let mut leaves = Leaves(false);
    leaves.visit_expr(expression);
    leaves.0
}

/// Whether a macro neither panics nor contains a `return`, by its name.
fn is_known_to_end(call: &Macro) -> bool {
    let name = call.path.segments.last().map(|last| last.ident.to_string());
    let known = [
        "debug", "eprintln", "error", "format", "info", "print", "println", "trace", "vec", "warn",
        "write", "writeln",
    ];
    name.is_some_and(|name| known.contains(&name.as_str()))
}
