//! A typed workflow execution.

pub(crate) mod description;
pub(crate) mod fast_forward;
pub(crate) mod history;
pub(crate) mod options;
mod progress_warning;
pub(crate) mod reset;
pub(crate) mod result;
pub(crate) mod target;
mod task_failure;
pub(crate) mod terminate;
pub(crate) mod untyped;

use std::{borrow::Cow, fmt, ops::Deref};

use super::{
    Call, Client, DynHandle, FromClient, History, ResetPoint, TerminateCall, WorkflowDescription,
};
use crate::{
    data::Text,
    definition::{MethodsOf, Workflow},
    error::{HandleError, ResultError},
};

/// A workflow execution; its signals, queries and updates are methods.
///
/// Cheap to clone, and safe to share between threads and tasks.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)]
/// # struct Greeting {
/// #     names: Vec<String>,
/// # }
/// # #[workflow]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> Vec<String> {
/// #         vec![greeting]
/// #     }
/// #     #[signal]
/// #     fn submit_greeting(&mut self, name: String) {
/// #         self.names.push(name);
/// #     }
/// # }
/// # async fn example(client: Client) -> Result<()> {
/// let handle = Greeting::start(&client, "Hello")
///     .task_queue("greetings")
///     .await?;
/// handle.submit_greeting("Bob").await?;
/// println!("{:?}", handle.result().await?);
/// # Ok(())
/// # }
/// ```
///
/// What else it can do:
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)]
/// # struct Greeting;
/// # #[workflow(task_queue = "greetings")]
/// # impl Greeting {
/// #     #[run]
/// #     async fn run(&mut self, greeting: String) -> String {
/// #         greeting
/// #     }
/// #     #[query]
/// #     fn count(&self) -> u32 {
/// #         1
/// #     }
/// #     #[update]
/// #     fn add(&mut self, name: String) -> u32 {
/// #         2
/// #     }
/// # }
/// use durably::client::{ResetPoint, WorkflowStatus};
///
/// # async fn example(handle: Handle<Greeting>) -> Result<()> {
/// println!("{} {:?}", handle.id(), handle.run_id());
///
/// let description = handle.describe().await?;
/// if description.summary.status == WorkflowStatus::Running {
///     handle.cancel().await?;
/// }
/// println!("{}", handle.history().await?);
/// handle.terminate("no longer needed").await?;
/// let again = handle.reset(ResetPoint::LastTask, "it was needed").await?;
///
/// let by_name = handle.untyped();
/// let count: u32 = by_name.query("count", ()).await?;
/// # Ok(())
/// # }
/// ```
pub struct Handle<W: Workflow> {
    via: FromClient,
    methods: W::Methods<FromClient>,
}

impl<W: Workflow> Handle<W> {
    /// The workflow of that id; nothing is asked of the server.
    #[doc(hidden)]
    pub fn attach(client: &Client, id: impl Text) -> Self {
        Self::new(FromClient::attached(client, id.into_text(), None))
    }

    pub(crate) fn new(via: FromClient) -> Self {
        Self {
            methods: MethodsOf::new(via.clone()),
            via,
        }
    }

    /// The workflow id.
    pub fn id(&self) -> &str {
        self.via.workflow_id()
    }

    /// The run that was started, or that the handle was attached to; `None` for a handle that was
    /// attached to a workflow id, whichever run it has.
    pub fn run_id(&self) -> Option<&str> {
        self.via.run_id()
    }

    /// Waits for the result, past continue-as-new, retries and cron; can be asked again.
    ///
    /// A workflow that no worker takes, or whose task fails again and again, is waited for too: a
    /// worker that can run it may come. After some 20 seconds a warning says so, with the reason.
    ///
    /// # Errors
    /// The workflow failed, was cancelled or terminated, or timed out; there is no such workflow;
    /// or the request failed.
    ///
    /// # Cancellation
    /// Waiting is safe to give up at any time, by dropping the call or with [`timeout`](Call::timeout):
    /// nothing but the wait ends.
    pub fn result(&self) -> Call<W::Output, ResultError> {
        result::call(&self.via, Cow::Borrowed(W::NAME), W::__output())
    }

    /// Requests cancellation; the workflow's code decides how it ends. A closed workflow accepts the
    /// request, without effect.
    ///
    /// # Errors
    /// There is no such workflow, or the request failed.
    pub fn cancel(&self) -> Call<(), HandleError> {
        self.via.cancel()
    }

    /// Ends the workflow now; its code does not run again. If the request had to be repeated, a workflow
    /// that is closed by then counts as terminated.
    ///
    /// # Errors
    /// There is no such running workflow, or the request failed.
    pub fn terminate(&self, reason: impl Text) -> TerminateCall {
        TerminateCall::new(&self.via, reason.into_text())
    }

    /// Starts a new run that repeats this one up to `point` and goes on from there, with the signals and updates
    /// that arrived after it; an open run is terminated. For runs that went wrong because of a bug or of another
    /// service: deploy the mended code first. The activities that were running at that point fail there, and
    /// their retry policies do not count. Children that were running there go on, and report to the new run.
    ///
    /// It resets the run that was started or attached to, and without one the latest run.
    ///
    /// # Errors
    /// There is no such workflow; the point is no end of a workflow task; or the request failed.
    pub fn reset(&self, point: ResetPoint, reason: impl Text) -> Call<Self, HandleError> {
        reset::call(&self.via, point, reason.into_text(), Self::new)
    }

    /// The workflow's present state at the server: status, times, pending activities and children.
    ///
    /// A handle of a start describes the latest run of what it started, past continue-as-new, retries, cron and
    /// resets, as its messages go to that run. If another start has taken the workflow id since, it describes the run
    /// that it started. A handle of one run describes that run, and any other the latest run of the workflow id.
    ///
    /// # Errors
    /// There is no such workflow, or the request failed.
    pub fn describe(&self) -> Call<WorkflowDescription, HandleError> {
        description::call(&self.via)
    }

    /// All events of a run so far; printed, they are a timeline. It is the run that was started or attached to, and
    /// without one the latest run. The runs that followed it have histories of their own:
    /// `handle.untyped().run(id).history()`.
    ///
    /// # Errors
    /// There is no such workflow, or the request failed.
    pub fn history(&self) -> Call<History, HandleError> {
        history::call(&self.via)
    }

    /// The same workflow by names instead of types.
    pub fn untyped(&self) -> DynHandle {
        DynHandle::new(self.via.clone())
    }
}

impl<W: Workflow> Deref for Handle<W> {
    type Target = W::Methods<FromClient>;

    fn deref(&self) -> &Self::Target {
        &self.methods
    }
}

impl<W: Workflow> Clone for Handle<W> {
    fn clone(&self) -> Self {
        Self::new(self.via.clone())
    }
}

impl<W: Workflow> fmt::Debug for Handle<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle<{}>({})", W::NAME, self.id())
    }
}
