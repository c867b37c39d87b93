//! Misused context methods: reports arguments for which rustc's errors would be about closures and
//! lifetimes.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Expr, ExprMethodCall};

use super::{
    Cx,
    context::Context,
    mentions,
    state_place::{is_place_of_self, is_self},
};
use crate::mistake::BodyMistake;

/// A mistake, and the tokens that it spans.
type Misuse = (TokenStream, BodyMistake<'static>);

/// Finds the misuse in a call of a method of `context`. Calls on other receivers are ignored: they may be
/// of users' methods of the same names.
pub(super) fn of(call: &ExprMethodCall, context: &Context, cx: &Cx) -> Option<Misuse> {
    let (Some(argument), 1) = (call.args.first(), call.args.len()) else {
        return None;
    };
    if !context.may_be_in(&call.receiver) || mentions(&call.receiver, "self") {
        return None;
    }
    if call.method == "wait_until" {
        return of_condition(argument);
    }
    if call.method == "spawn" {
        return of_spawned(argument, context, cx);
    }
    // The official SDK's `ctx.state(|state| ..)`.
    let of_context = matches!(&*call.receiver, Expr::Path(path) if context.is_in(path));
    let takes_state = matches!(argument, Expr::Closure(closure) if closure.inputs.len() == 1);
    let is_state = call.method == "state" || call.method == "state_mut";
    (of_context && takes_state && is_state)
        .then(|| (call.method.to_token_stream(), BodyMistake::StateOfContext))
}

fn of_spawned(spawned: &Expr, context: &Context, cx: &Cx) -> Option<Misuse> {
    match spawned {
        Expr::Async(block) => {
            let lends = block.capture.is_none() && mentions(&block.block, "self");
            (lends || context.is_in(&block.block)).then(|| {
                let start = (&block.async_token, &block.capture);
                let start = [start.0.to_token_stream(), start.1.to_token_stream()];
                (start.into_iter().collect(), BodyMistake::SpawnBorrows)
            })
        }
        Expr::MethodCall(call) if is_self(&call.receiver) && cx.is_async(&call.method) => {
            Some((spawned.to_token_stream(), BodyMistake::SpawnLends))
        }
        _ => None,
    }
}

fn of_condition(argument: &Expr) -> Option<Misuse> {
    Some(match argument {
        Expr::Closure(closure) if closure.asyncness.is_some() => (
            closure.asyncness.to_token_stream(),
            BodyMistake::ConditionAwaits,
        ),
        Expr::Closure(closure) if !closure.inputs.is_empty() => (
            closure.inputs.to_token_stream(),
            BodyMistake::ConditionTakesArguments,
        ),
        Expr::Async(block) => (
            block.async_token.to_token_stream(),
            BodyMistake::ConditionAwaits,
        ),
        Expr::Paren(paren) => return of_condition(&paren.expr),
        Expr::Binary(_) | Expr::Unary(_) | Expr::Lit(_) => {
            (argument.to_token_stream(), BodyMistake::ConditionIsValue)
        }
        Expr::Field(field) if is_place_of_self(&field.base) => {
            (argument.to_token_stream(), BodyMistake::ConditionIsValue)
        }
        Expr::MethodCall(call) if is_place_of_self(&call.receiver) => {
            (argument.to_token_stream(), BodyMistake::ConditionIsValue)
        }
        _ => return None,
    })
}
