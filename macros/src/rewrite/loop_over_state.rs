//! Loops over a borrow of the state that await: where the next iteration follows the await, the state is
//! borrowed while it is lent. rustc's own message would not name the loop to write.

use quote::ToTokens as _;
use syn::{
    Block, Expr, ExprAsync, ExprBreak, ExprClosure, ExprContinue, ExprForLoop, ExprLoop,
    ExprReturn, Item, Macro, Stmt, Token, visit::Visit,
};

use super::{
    borrowed::{first_await, is_in_self},
    state_place::{is_place_of_self, is_self},
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
/// `self.names.iter_mut()`, `self.names.drain(..)`. Not `self.names.iter()`, `&self.names[..]` or
/// `&self.config.names`, which borrow nothing if the field is a `&'static` reference, and neither methods of
/// the workflow nor a `drain()` of a user's type, which may return what they own.
fn iterates_self(iterated: &Expr) -> bool {
    match iterated {
        Expr::Reference(reference) => match reference.mutability {
            Some(_) => is_place_of_self(&reference.expr),
            None => is_field_of_self(&reference.expr),
        },
        Expr::MethodCall(call) => {
            let name = call.method.to_string();
            let borrows = match name.as_str() {
                "iter_mut" | "values_mut" => true,
                "drain" => matches!(call.args.first(), Some(Expr::Range(_))),
                _ => false,
            };
            borrows && !is_self(&call.receiver) && is_in_self(&call.receiver)
        }
        Expr::Paren(paren) => iterates_self(&paren.expr),
        Expr::Group(group) => iterates_self(&group.expr),
        _ => false,
    }
}

fn is_field_of_self(expression: &Expr) -> bool {
    match expression {
        Expr::Field(field) => is_self(&field.base),
        Expr::Paren(paren) => is_field_of_self(&paren.expr),
        Expr::Group(group) => is_field_of_self(&group.expr),
        _ => false,
    }
}

/// The first await from which a block certainly reaches its end or a `continue`.
fn await_before_end(block: &Block) -> Option<Token![await]> {
    let statements = block.stmts.iter().enumerate();
    let mut awaits = statements.filter_map(|(at, statement)| Some((at, await_in(statement)?)));
    let (at, awaited) = awaits.next()?;
    ends_block(&block.stmts[at + 1..]).then_some(awaited)
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

/// Whether the rest of a block certainly ends, or leads to the next iteration, in at least one way. The
/// function that it calls last may be one that never returns.
fn ends_block(statements: &[Stmt]) -> bool {
    let calls_last = match statements.last() {
        Some(Stmt::Expr(Expr::Call(_), _) | Stmt::Expr(Expr::MethodCall(_), None)) => true,
        Some(Stmt::Local(_) | Stmt::Item(_) | Stmt::Expr(..) | Stmt::Macro(_)) | None => false,
    };
    !calls_last && statements.iter().all(ends)
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
        Expr::Block(block) => ends_block(&block.block.stmts),
        Expr::If(branch) => {
            let other = branch.else_branch.as_ref();
            let others = other.is_none_or(|(_, other)| ends_expression(other));
            !leaves(&branch.cond) && (others || ends_block(&branch.then_branch.stmts))
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

/// Whether a macro neither panics nor contains a `return`, by its name. One of a user's own may be called
/// `error!`, so those that log count by their whole path.
fn is_known_to_end(call: &Macro) -> bool {
    let segments = call.path.segments.iter();
    let names: Vec<String> = segments.map(|it| it.ident.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names[..] {
        ["tracing" | "log", level] => {
            matches!(level, "trace" | "debug" | "info" | "warn" | "error")
        }
        [name] | ["std", name] => matches!(
            name,
            "eprintln" | "format" | "print" | "println" | "vec" | "write" | "writeln"
        ),
        _ => false,
    }
}
