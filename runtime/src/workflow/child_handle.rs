//! Children that were started: handles and their results.

use std::{
    borrow::Cow,
    future::Future,
    marker::PhantomData,
    ops::Deref,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use durably_engine::ChildOutcome;

use super::{child::ChildType, external::FromWorkflow, scope::Reach};
use crate::{
    data::{Callee, Text},
    definition::MethodsOf,
    error::ChildError,
    instance::{
        children::{Child, ChildWait},
        core::Core,
    },
};

/// A started child; its signals are methods.
///
/// Dropping it leaves the child alone: [`parent_close`](crate::workflow::ChildCall::parent_close) decides what happens to
/// a child that nobody waits for.
///
/// ```
/// use durably::{prelude::*, workflow::ChildHandle};
///
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// #     #[signal]
/// #     fn submit_greeting(&mut self, name: String) {}
/// # }
///
/// async fn invite(child: &ChildHandle<Greeting>) -> Result<String> {
///     child.submit_greeting("Bob").await?;
///     tracing::info!("invited to {}, run {}", child.id(), child.run_id());
///     child.signal("submit_greeting", ("Eve",)).await?;
///     Ok(child.result().await?)
/// }
///
/// async fn call_off(child: &ChildHandle<Greeting>, why: Option<&str>) -> Result<()> {
///     match why {
///         Some(why) => child.cancel_with_reason(why),
///         None => child.cancel(),
///     }
///     match child.result().await {
///         Err(error) if error.is_cancelled() => Ok(()),
///         Ok(greeting) => bail!("too late: {greeting}"),
///         Err(error) => Err(error.into()),
///     }
/// }
/// ```
pub struct ChildHandle<W: ChildType> {
    name: Cow<'static, str>,
    child: Rc<Child>,
    reach: Reach,
    methods: W::Methods,
}

impl<W: ChildType> ChildHandle<W> {
    pub(super) fn new(name: Cow<'static, str>, child: Rc<Child>, reach: Reach) -> Self {
        child.detach();
        let id = child.id().to_owned();
        let via = FromWorkflow::to_child(&child.core, reach.clone(), id);
        Self {
            name,
            child,
            reach,
            methods: MethodsOf::new(via),
        }
    }

    /// The workflow id of the child.
    pub fn id(&self) -> &str {
        self.child.id()
    }

    /// The first run of the child. A retry, a continue-as-new and a cron schedule start others.
    pub fn run_id(&self) -> &str {
        self.child.run_id()
    }

    /// Requests cancellation of the child. [`result`](Self::result) still returns how it ends.
    ///
    /// # Panics
    /// In a query or a validator, which then fails: it reads the state and cancels nothing.
    #[track_caller]
    pub fn cancel(&self) /* with a reason: `.cancel_with_reason("..")` */
    {
        self.cancel_with_reason("");
    }

    /// As [`cancel`](Self::cancel), with a reason, which the child reads with
    /// [`Ctx::cancel_reason`](crate::Ctx::cancel_reason).
    ///
    /// # Panics
    /// As [`cancel`](Self::cancel).
    #[track_caller]
    pub fn cancel_with_reason(&self, reason: impl Text) {
        self.child.core.assert_commands_allowed();
        self.child.cancel(|| reason.into_text());
    }

    /// Waits for the result, past continue-as-new and retries; can be asked again.
    ///
    /// # Errors
    /// The child failed, timed out, was cancelled or terminated.
    ///
    /// # Cancellation
    /// When the context of the call is cancelled, a request to cancel is sent to the child, as by
    /// [`cancel`](Self::cancel). Dropping the future ends nothing but the wait.
    pub fn result(&self) -> ChildResult<W> {
        ChildResult {
            name: self.name.clone(),
            child: self.child.clone(),
            reach: self.reach.clone(),
            wait: ChildWait::default(),
            workflow: PhantomData,
        }
    }
}

impl<W: ChildType> Deref for ChildHandle<W> {
    type Target = W::Methods;

    fn deref(&self) -> &Self::Target {
        &self.methods
    }
}

/// The future of [`ChildHandle::result`]. It borrows nothing, so it can be spawned and kept.
///
/// ```
/// use durably::{prelude::*, workflow::{ChildHandle, ChildResult, UntypedWorkflow}};
///
/// async fn wait(ctx: &Ctx, ship: &ChildHandle<UntypedWorkflow<String>>) -> Result<String> {
///     let arrival: ChildResult<UntypedWorkflow<String>> = ship.result();
///     let arrival = ctx.spawn(arrival);
///     ship.signal("hurry", ()).await?;
///     Ok(arrival.await?)
/// }
/// ```
#[must_use = "nothing is waited for until this is awaited"]
pub struct ChildResult<W: ChildType> {
    name: Cow<'static, str>,
    child: Rc<Child>,
    reach: Reach,
    wait: ChildWait,
    workflow: PhantomData<fn() -> W>,
}

impl<W: ChildType> Future for ChildResult<W> {
    type Output = Result<W::Output, ChildError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            name, child, wait, ..
        } = &*self;
        child.core.assert_commands_allowed();
        if let Some(outcome) = child.state.ended.get() {
            return given::<W>(&child.core, name, outcome);
        }
        if self.reach.is_cancelled(&child.core) {
            child.cancel_with_context();
        }
        child.park(wait, cx);
        Poll::Pending
    }
}

impl<W: ChildType> Drop for ChildResult<W> {
    fn drop(&mut self) {
        self.child.leave(&self.wait);
    }
}

/// How a child ended. A result that cannot be read fails the workflow task: a worker with another type
/// may read it.
pub(super) fn given<W: ChildType>(
    core: &Core,
    name: &str,
    outcome: &ChildOutcome,
) -> Poll<Result<W::Output, ChildError>> {
    let ChildOutcome::Completed(result) = outcome else {
        return Poll::Ready(Err(failed(core, outcome)));
    };
    let callee = Callee::Workflow(name.to_owned().into());
    match W::__output().given(&callee, result.clone(), core.converter()) {
        Ok(output) => {
            core.moved.set(true);
            Poll::Ready(Ok(output))
        }
        Err(error) => {
            core.record_fault(error.to_string());
            Poll::Pending
        }
    }
}

/// The error of a child that has no result.
pub(super) fn failed(core: &Core, outcome: &ChildOutcome) -> ChildError {
    core.moved.set(true);
    match outcome {
        ChildOutcome::Failed(record) | ChildOutcome::Cancelled(record) => {
            ChildError::from_record(record.clone(), core.converter())
        }
        ChildOutcome::Completed(_) => unreachable!("a child does not complete before it starts"),
    }
}
