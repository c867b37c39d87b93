//! `Ctx` and `View`.

use std::{future::Future, ops::Deref, rc::Rc, time::Duration};

use crate::Cancelled;

/// Read-only facts: what a query, validator or constructor may see.
#[derive(Clone)]
pub struct View {
    _core: Rc<()>,
}
/// Commands. Derefs to [`View`].
#[derive(Clone)]
pub struct Ctx {
    view: View,
}
impl Deref for Ctx {
    type Target = View;
    fn deref(&self) -> &View {
        &self.view
    }
}
impl View {
    /// The workflow id.
    pub fn workflow_id(&self) -> &str {
        unimplemented!()
    }
}
impl Ctx {
    /// Waits durably.
    #[must_use = "the timer starts when this is awaited"]
    pub fn sleep(&self, _d: Duration) -> impl Future<Output = Result<(), Cancelled>> + use<> {
        std::future::pending()
    }
    /// Waits until `condition` holds.
    #[must_use = "nothing is waited for until this is awaited"]
    pub fn wait_until<F: FnMut() -> bool>(
        &self,
        _condition: F,
    ) -> impl Future<Output = Result<(), Cancelled>> + use<F> {
        std::future::pending()
    }
}

/// A context that may be the first parameter of an async handler or of `run`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no workflow context",
    label = "the context comes first and by reference: `ctx: &Ctx` or `view: &View`",
    note = "arguments are decoded from payloads, so they cannot be borrowed: take them by value"
)]
pub trait CtxArg {
    #[doc(hidden)]
    fn of(ctx: &Ctx) -> &Self;
}
impl CtxArg for Ctx {
    fn of(ctx: &Ctx) -> &Self {
        ctx
    }
}
impl CtxArg for View {
    fn of(ctx: &Ctx) -> &Self {
        &ctx.view
    }
}
/// What a query, a validator and `#[init]` may take: facts, no commands.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used here: this method cannot issue commands",
    label = "take `&View` (time, ids, search attributes)"
)]
pub trait ViewArg {
    #[doc(hidden)]
    fn of(view: &View) -> &Self;
}
impl ViewArg for View {
    fn of(view: &View) -> &Self {
        view
    }
}
