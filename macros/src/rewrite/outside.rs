//! Awaited methods of the workflow that are not methods of its block. An async one holds `self` while it is
//! awaited, and rustc's own message would not name the block to write it in. Only the type of the
//! future shows whether it is one, so a trait of the runtime decides.

use syn::{Expr, ExprCall, parse_quote_spanned, token::Paren};

use super::{Cx, state_place::is_self};

/// Passes the future of `self.method(..)` through a function that refuses those of async functions, also
/// where it is an argument of the awaited call: `Box::pin(self.method(..)).await`.
pub(super) fn check(awaited: &mut Expr, cx: &Cx) {
    match awaited {
        Expr::Call(call) if takes_futures(&call.func) => {
            for argument in &mut call.args {
                check_method(argument, cx);
            }
        }
        Expr::Paren(paren) => check(&mut paren.expr, cx),
        Expr::Group(group) => check(&mut group.expr, cx),
        other => check_method(other, cx),
    }
}

/// Whether a function takes futures as its arguments, by its name.
fn takes_futures(function: &Expr) -> bool {
    match function {
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| {
            ["join", "pin", "race", "try_join"]
                .iter()
                .any(|name| last.ident == name)
        }),
        _ => false,
    }
}

fn check_method(expression: &mut Expr, cx: &Cx) {
    let Expr::MethodCall(call) = &*expression else {
        return;
    };
    if !is_self(&call.receiver) || cx.has_method(&call.method) {
        return;
    }
    let at = call.method.span();
    let root = cx.root.at(at);
    let call = std::mem::replace(expression, Expr::PLACEHOLDER);
    *expression = Expr::Call(ExprCall {
        attrs: Vec::new(),
        func: parse_quote_spanned!(at=> <_ as #root::__private::FreeOfState>::free_of_state),
        paren_token: Paren(at),
        args: [call].into_iter().collect(),
    });
}
