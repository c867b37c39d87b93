//! What user code asks of the server, before it becomes a command: where interceptors change it.

use std::{fmt, rc::Rc, sync::Arc, time::Duration};

use durably_engine::{
    ContinueAsNew, ScheduleActivity, ScheduleLocalActivity, SignalExternal, StartChild,
};

use super::core::Core;

/// Changes what user code asks for. An error is the fault with which the workflow task fails.
pub(crate) trait Outbound: Send + Sync {
    fn activity(&self, core: &Rc<Core>, request: &mut ScheduleActivity) -> Result<(), String>;

    fn local_activity(
        &self,
        core: &Rc<Core>,
        request: &mut ScheduleLocalActivity,
    ) -> Result<(), String>;

    fn child(&self, core: &Rc<Core>, request: &mut StartChild) -> Result<(), String>;

    fn signal(&self, core: &Rc<Core>, request: &mut SignalExternal) -> Result<(), String>;

    fn timer(&self, core: &Rc<Core>, request: &mut NewTimer) -> Result<(), String>;

    fn continue_as_new(&self, core: &Rc<Core>, request: &mut ContinueAsNew) -> Result<(), String>;
}

/// A timer about to be started.
pub(crate) struct NewTimer {
    pub(crate) after: Duration,
    pub(crate) summary: Option<Box<str>>,
}

/// The interceptors of a worker, if it has any.
#[derive(Clone, Default)]
pub(crate) struct OutboundHook(pub(crate) Option<Arc<dyn Outbound>>);

impl OutboundHook {
    /// Has the interceptors change a request.
    pub(crate) fn apply(
        &self,
        change: impl FnOnce(&dyn Outbound) -> Result<(), String>,
    ) -> Result<(), String> {
        match &self.0 {
            None => Ok(()),
            Some(hook) => change(&**hook),
        }
    }
}

impl fmt::Debug for OutboundHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OutboundHook").finish_non_exhaustive()
    }
}
