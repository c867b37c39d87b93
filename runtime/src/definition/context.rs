//! What may be the first parameter of a user's method or function: its context.

use crate::{
    activity::ActivityCtx,
    workflow::{Ctx, View},
};

/// A context that may be the first parameter of an async handler or of `run`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a workflow context",
    label = "the context is the first argument, by reference: `ctx: &durably::Ctx` or `view: &durably::View`",
    note = "arguments are decoded from payloads, so they cannot be borrowed: take them by value"
)]
pub trait CtxArg {
    #[doc(hidden)]
    fn of(ctx: &Ctx) -> &Self;
}

#[diagnostic::do_not_recommend]
impl CtxArg for Ctx {
    fn of(ctx: &Ctx) -> &Self {
        ctx
    }
}

#[diagnostic::do_not_recommend]
impl CtxArg for View {
    fn of(ctx: &Ctx) -> &Self {
        ctx
    }
}

/// What a query, a validator and `#[init]` may take: facts, no commands.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used here: a query, a validator and `#[init]` cannot issue commands",
    label = "take `&durably::View` (time, ids, search attributes)",
    note = "arguments are decoded from payloads, so they cannot be borrowed: take them by value"
)]
pub trait ViewArg {
    #[doc(hidden)]
    fn of(view: &View) -> &Self;
}

#[diagnostic::do_not_recommend]
impl ViewArg for View {
    fn of(view: &View) -> &Self {
        view
    }
}

/// The context that may be the first parameter of an activity.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activity context",
    label = "the context is the first argument, by reference: `ctx: &durably::ActivityCtx`",
    note = "arguments are decoded from payloads, so they cannot be borrowed: take them by value"
)]
pub trait ActivityCtxArg {
    #[doc(hidden)]
    fn of(ctx: &ActivityCtx) -> &Self;
}
#[diagnostic::do_not_recommend]
impl ActivityCtxArg for ActivityCtx {
    fn of(ctx: &ActivityCtx) -> &Self {
        ctx
    }
}
