//! Who is cancelled when: the run, a scope within it, or nobody.

use std::{cell::Cell, rc::Rc};

use crate::instance::core::Core;

/// A part of a workflow that can be cancelled on its own.
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "1h")]
/// # async fn ship(order: String) {}
/// # async fn example(ctx: &Ctx) -> Result<()> {
/// let (scope, inner) = ctx.scope();
/// let shipping = ship::call(&inner, "order-1").start();
/// ctx.sleep(mins(5)).await?;
/// scope.cancel();
/// assert!(shipping.await.unwrap_err().is_cancelled());
/// # Ok(())
/// # }
/// ```
pub struct Scope {
    core: Rc<Core>,
    node: Rc<Node>,
}

impl Scope {
    /// Cancels all calls and waits that were made through the context of this scope or of scopes within it.
    ///
    /// # Panics
    /// In a query or a validator, which then fails: it reads the state and cancels nothing.
    #[track_caller]
    pub fn cancel(&self) {
        self.core.assert_commands_allowed();
        if !self.node.cancelled.replace(true) {
            self.core.wake_all();
        }
    }

    /// Whether this scope is cancelled, or one around it, or the run.
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled(&self.core)
    }
}

/// By what the waits of a context are cancelled.
#[derive(Clone)]
pub(crate) enum Reach {
    /// By a cancellation of the run.
    Run,
    /// By nothing.
    Shielded,
    /// By this scope, and by what cancels it.
    Scope(Rc<Node>),
}

pub(crate) struct Node {
    cancelled: Cell<bool>,
    within: Reach,
}

impl Reach {
    pub(crate) fn is_cancelled(&self, core: &Core) -> bool {
        match self {
            Self::Run => core.is_cancelled(),
            Self::Shielded => false,
            Self::Scope(node) => node.is_cancelled(core),
        }
    }

    /// A scope within this reach, and its reach.
    pub(crate) fn scope(&self, core: &Rc<Core>) -> (Scope, Self) {
        let node = Rc::new(Node {
            cancelled: Cell::new(false),
            within: self.clone(),
        });
        let scope = Scope {
            core: core.clone(),
            node: node.clone(),
        };
        (scope, Self::Scope(node))
    }
}

impl Node {
    fn is_cancelled(&self, core: &Core) -> bool {
        self.cancelled.get() || self.within.is_cancelled(core)
    }
}
