//! Mistakes in bodies of async methods.

use std::fmt;

use proc_macro2::Ident;

pub(crate) enum BodyMistake<'a> {
    AsyncReceiver,
    NamedLifetime,
    BorrowedFromSelf,
    HiddenAwait,
    ConditionAwaits,
    ConditionIsValue,
    ConditionTakesArguments,
    StateOfContext,
    SpawnBorrows,
    SpawnLends,
    AsyncClosure,
    AsyncFromSync(&'a Ident),
    Recursion(&'a str),
    AwaitedBesideBorrow(&'a Ident),
    GuardAwaits,
    LoopAwaits,
}

impl fmt::Display for BodyMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsyncReceiver => {
                f.write_str("async methods of a workflow take `&mut self` or `&self`")
            }
            Self::NamedLifetime => f.write_str(
                "nothing borrowed from `self` can outlive an async workflow method, so its lifetime cannot be named; return or fill owned values",
            ),
            Self::BorrowedFromSelf => f.write_str(
                "nothing borrowed from `self` can leave an async workflow method, where handlers may change it; return an owned value",
            ),
            Self::HiddenAwait => f.write_str(
                "`.await` inside this macro call cannot be seen by `#[workflow]`; bind the awaited value to a variable first",
            ),
            Self::ConditionAwaits => {
                f.write_str("a `wait_until` condition only looks at the state and cannot await")
            }
            Self::ConditionIsValue => f.write_str(
                "`wait_until` asks again and again, so it takes a closure: write `||` before this condition",
            ),
            Self::ConditionTakesArguments => f.write_str(
                "a `wait_until` condition takes no arguments; it looks at `self`: `wait_until(|| self.done)`",
            ),
            Self::StateOfContext => f.write_str(
                "the state is `self`: read and write its fields, without a closure",
            ),
            Self::SpawnBorrows => f.write_str(
                "what is spawned may outlive this method; write `async move`, with a clone of the context (`let ctx = ctx.clone();`)",
            ),
            Self::SpawnLends => f.write_str(
                "what is spawned may outlive this method; call this inside of an `async move {}` block, with a clone of the context",
            ),
            Self::AsyncClosure => f.write_str(
                "an async closure cannot use `self` of a workflow; write an async method, or an `async {}` block",
            ),
            Self::Recursion(method) => write!(
                f,
                "this await makes the future of `{method}` hold itself; box the call: `Box::pin(self.{method}(..)).await`"
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
            Self::AsyncFromSync(method) => write!(
                f,
                "async methods of a workflow can be called from its async methods only; make this method `async`, or `{method}` a plain one"
            ),
        }
    }
}
