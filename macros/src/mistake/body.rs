//! Mistakes in bodies of async methods.

use std::fmt;

use proc_macro2::Ident;

pub(crate) enum BodyMistake<'a> {
    AsyncReceiver,
    NamedLifetime,
    BorrowedFromSelf,
    HiddenAwait,
    AwaitingMacro { name: &'a str, instead: &'a str },
    ConditionAwaits,
    ConditionIsValue,
    ConditionTakesArguments,
    StateOfContext,
    SpawnBorrows,
    SpawnLends,
    AsyncClosure,
    AsyncFromSync(&'a Ident),
    AsyncInSomeBuilds(&'a Ident),
    Recursion(&'a str),
    AwaitedBesideBorrow(&'a Ident),
    GuardAwaits,
    LoopAwaits,
}

impl fmt::Display for BodyMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsyncReceiver => {
                f.write_str("async methods of a workflow borrow its state; take `&mut self` or `&self`")
            }
            Self::NamedLifetime => f.write_str(
                "nothing borrowed from `self` can outlive an async workflow method, so its lifetime cannot be named; return an owned value",
            ),
            Self::BorrowedFromSelf => f.write_str(
                "nothing borrowed from `self` can leave an async workflow method, where handlers may change it; return an owned value",
            ),
            Self::HiddenAwait => f.write_str(
                "`.await` inside this macro call cannot be seen by `#[workflow]`; bind the awaited value to a variable first",
            ),
            Self::AwaitingMacro { name, instead } => write!(
                f,
                "`{name}` awaits inside of its expansion, where `#[workflow]` cannot lend `self` to the handlers; use {instead}, or call the macro in an async function without `self`"
            ),
            Self::ConditionAwaits => {
                f.write_str("a `wait_until` condition only reads the state and cannot await; await before the call")
            }
            Self::ConditionIsValue => f.write_str(
                "`wait_until` evaluates its condition repeatedly, so it takes a closure; write `||` before this condition",
            ),
            Self::ConditionTakesArguments => f.write_str(
                "a `wait_until` condition takes no arguments; read the state from `self`: `wait_until(|| self.done)`",
            ),
            Self::StateOfContext => f.write_str(
                "the state is `self`; read and write its fields, without a closure",
            ),
            Self::SpawnBorrows => f.write_str(
                "a spawned future may outlive this method; write `async move`, with a clone of the context (`let ctx = ctx.clone();`)",
            ),
            Self::SpawnLends => f.write_str(
                "a spawned future may outlive this method; call this inside an `async move {}` block, with a clone of the context (`let ctx = ctx.clone();`)",
            ),
            Self::AsyncClosure => f.write_str(
                "an async closure cannot use `self` of a workflow; write an async method, or an `async {}` block",
            ),
            Self::Recursion(method) => write!(
                f,
                "this await makes the future of `{method}` contain itself; box the call: `Box::pin(self.{method}(..)).await`"
            ),
            Self::AwaitedBesideBorrow(method) => write!(
                f,
                "`self` is lent to the handlers at `.await`, while the receiver of `{method}` borrows from it; await before this call: `let value = ...await;`"
            ),
            Self::GuardAwaits => f.write_str(
                "`self` is lent to the handlers at `.await`, while `match` borrows from it; await before the `match`, or match on a clone",
            ),
            Self::LoopAwaits => f.write_str(
                "`self` is lent to the handlers at `.await`, while `for` borrows from it; loop over a clone, or over what `std::mem::take` moves out of the field",
            ),
            Self::AsyncInSomeBuilds(method) => write!(
                f,
                "`{method}` is async under one `cfg` and not under another, which a macro cannot evaluate, so it cannot rewrite this call; make the methods of this name all `async`, or give them different names"
            ),
            Self::AsyncFromSync(method) => write!(
                f,
                "only async methods of a workflow can call its async methods; make this method `async`, or `{method}` a plain one"
            ),
        }
    }
}
