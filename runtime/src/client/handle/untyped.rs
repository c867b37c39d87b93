//! A workflow execution whose type is not known to this program.

use std::{borrow::Cow, fmt};

use super::{description, fast_forward, history, reset, result};
use crate::{
    client::{
        AllActivities, Call, FromClient, Handle, History, QueryCall, ResetPoint,
        SelectedActivities, SignalCall, TerminateCall, UpdateCall, UpdateHandle, UpdateOptionsCall,
        WorkflowDescription, call::within, pages::List,
    },
    data::{ArgList, Known, Text},
    definition::Workflow,
    definition::private::payload,
    error::{FastForwardError, HandleError, ResultError},
    interceptor::DeleteRequest,
    transport::retry::Patience,
    wire::{
        activity_operations::ActivityName,
        history::HistoryEvent,
        status::{CallError, Reason},
        stop::DeleteWorkflow,
    },
};

/// A workflow execution; its signals, queries and updates go by their names.
///
/// Cheap to clone, and safe to share between threads and tasks.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let handle = client.handle("greeting-1");
/// handle.signal("submit_greeting", ("Bob",)).await?;
/// let names: Vec<String> = handle.query("greetings", ()).await?;
/// # Ok(())
/// # }
/// ```
///
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
/// use durably::client;
///
/// # async fn example(client: Client) -> Result<()> {
/// let handle = client.handle("greeting-1");
/// let count: u32 = handle.update("add", ("Bob",)).id("add-bob").await?;
/// let again = handle.update_handle::<u32>("add-bob").result().await?;
/// assert_eq!(count, again);
///
/// println!("{:?} {}", handle.run_id(), handle.history().await?);
/// println!("{}", handle.run("0199b6f4-6e5b-7c0e-8f0a-2d1b3c4d5e6f").history().await?);
/// println!("{:?}", handle.describe().await?);
/// handle.cancel().await?;
/// handle.terminate("no longer needed").await?;
/// let again = handle.reset(client::ResetPoint::LastTask, "it was needed").await?;
///
/// handle.update_options().priority(Priority::key(1)).await?;
/// handle.activity("greet-1").pause("too many greetings").await?;
/// handle.activities_of_type("greet").unpause().await?;
/// handle.all_activities().reset().await?;
///
/// let typed: Handle<Greeting> = handle.typed();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DynHandle(FromClient);

impl DynHandle {
    pub(crate) fn new(via: FromClient) -> Self {
        Self(via)
    }

    /// The same workflow, with its type.
    pub fn typed<W: Workflow>(&self) -> Handle<W> {
        Handle::new(self.0.clone())
    }

    /// One run of this workflow: messages go to it, and to no later one.
    pub fn run(&self, run_id: impl Text) -> Self {
        let id = self.0.workflow_id().to_owned();
        Self(FromClient::attached(
            self.0.client(),
            id,
            Some(run_id.into_text()),
        ))
    }

    pub(crate) fn target(&self) -> &FromClient {
        &self.0
    }

    /// The workflow id.
    pub fn id(&self) -> &str {
        self.0.workflow_id()
    }

    /// The run that was started, or that the handle was attached to.
    pub fn run_id(&self) -> Option<&str> {
        self.0.run_id()
    }

    /// Sends a signal.
    pub fn signal(&self, name: impl Text, args: impl ArgList) -> SignalCall {
        let args = args.encode(self.0.client().converter());
        SignalCall::new(self.0.clone(), Cow::Owned(name.into_text()), args)
    }

    /// Asks a query.
    pub fn query<R: Known>(&self, name: impl Text, args: impl ArgList) -> QueryCall<R> {
        let args = args.encode(self.0.client().converter());
        let name = Cow::Owned(name.into_text());
        QueryCall::new(self.0.clone(), name, args, payload())
    }

    /// Sends an update.
    pub fn update<R: Known>(&self, name: impl Text, args: impl ArgList) -> UpdateCall<R> {
        let args = args.encode(self.0.client().converter());
        let name = Cow::Owned(name.into_text());
        UpdateCall::new(self.0.clone(), name, args, payload())
    }

    /// An update that was sent before, by its id.
    pub fn update_handle<R: Known>(&self, update_id: impl Text) -> UpdateHandle<R> {
        UpdateHandle::attach(self.0.clone(), update_id.into_text(), payload())
    }

    /// Waits for the result; see [`Handle::result`].
    ///
    /// # Errors
    /// As [`Handle::result`].
    pub fn result<R: Known>(&self) -> Call<R, ResultError> {
        result::call(&self.0, Cow::Owned(self.id().to_owned()), payload())
    }

    /// Requests cancellation; the workflow's code decides how it ends. A closed workflow accepts the
    /// request, without effect.
    ///
    /// # Errors
    /// There is no such workflow, or the request failed.
    pub fn cancel(&self) -> Call<(), HandleError> {
        self.0.cancel()
    }

    /// Ends the workflow now; its code does not run again. If the request had to be repeated, a workflow
    /// that is closed by then counts as terminated.
    ///
    /// # Errors
    /// There is no such running workflow, or the request failed.
    pub fn terminate(&self, reason: impl Text) -> TerminateCall {
        TerminateCall::new(&self.0, reason.into_text())
    }

    /// Starts a new run that repeats this one up to `point`; see [`Handle::reset`].
    ///
    /// # Errors
    /// As [`Handle::reset`].
    pub fn reset(&self, point: ResetPoint, reason: impl Text) -> Call<Self, HandleError> {
        reset::call(&self.0, point, reason.into_text(), Self::new)
    }

    /// The workflow's present state at the server: status, times, pending activities and children. For which run, see
    /// [`Handle::describe`].
    ///
    /// # Errors
    /// There is no such workflow, or the request failed.
    pub fn describe(&self) -> Call<WorkflowDescription, HandleError> {
        description::call(&self.0)
    }

    /// All events of a run so far; printed, they are a timeline. It is the run that was started or attached to, and
    /// without one the latest run. `handle.run(id).history()` has that of another run.
    ///
    /// # Errors
    /// There is no such workflow, or the request failed.
    pub fn history(&self) -> Call<History, HandleError> {
        history::call(&self.0)
    }

    /// The events of a run, read page by page: for long histories, and to follow a run that is open. It is the run
    /// that was started or attached to, and without one the latest run.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut events = client.handle("order-1").events();
    /// while let Some(event) = events.next().await? {
    ///     println!("{event:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A typed handle has it by way of [`untyped`](Handle::untyped).
    pub fn events(&self) -> List<HistoryEvent, HandleError> {
        history::events(&self.0)
    }

    /// Waits until the workflow's time has reached the end of the fast-forward of this id, which
    /// [`TimeSkipping::fast_forward`](crate::client::TimeSkipping::fast_forward) has set. It ends in the runs after this one,
    /// too.
    ///
    /// A typed handle has it by way of [`untyped`](Handle::untyped).
    ///
    /// # Errors
    /// The fast-forward cannot complete: the workflow has closed before, its time skipping was changed or switched off, or
    /// it has no such fast-forward; there is no such workflow; the server does not skip the time of single workflows; or the
    /// request failed.
    ///
    /// ```no_run
    /// # use durably::{client::TimeSkipping, prelude::*};
    /// # async fn example(client: Client) -> Result<()> {
    /// let reminder = client.handle("reminder-1");
    /// let week = TimeSkipping::fast_forward("week 1", days(7));
    /// reminder.update_options().time_skipping(week).await?;
    /// reminder.fast_forwarded("week 1").timeout(mins(1)).await?;
    /// let reminders: u32 = reminder.query("count", ()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fast_forwarded(&self, id: impl Text) -> Call<(), FastForwardError> {
        fast_forward::call(&self.0, id.into_text())
    }

    /// Changes options of the workflow: its priority, the override of its versioning and its time skipping. It is the run that the handle
    /// was attached to, and without one the latest run.
    ///
    /// A typed handle has it by way of [`untyped`](Handle::untyped).
    ///
    /// # Errors
    /// There is no such running workflow; no worker of the version of an override polls its task queue; or the request
    /// failed.
    pub fn update_options(&self) -> UpdateOptionsCall {
        UpdateOptionsCall::new(&self.0)
    }

    /// The pending activity of this id, to pause, unpause or reset it, or to change its options. Sends no request;
    /// [`describe`](Self::describe) has the ids, which a workflow chooses with
    /// [`ActivityCall::id`](crate::workflow::ActivityCall::id).
    ///
    /// A typed handle has it by way of [`untyped`](Handle::untyped).
    pub fn activity(&self, activity_id: impl Text) -> SelectedActivities {
        let activity = ActivityName::Id(activity_id.into_text());
        SelectedActivities::new(&self.0, activity)
    }

    /// The pending activities of this type, to pause, unpause or reset them, or to change their options. Sends no
    /// request.
    pub fn activities_of_type(&self, activity_type: impl Text) -> SelectedActivities {
        let activities = ActivityName::Type(activity_type.into_text());
        SelectedActivities::new(&self.0, activities)
    }

    /// All pending activities, to unpause or reset them, or to change their options. Sends no request.
    pub fn all_activities(&self) -> AllActivities {
        AllActivities::new(&self.0)
    }

    /// Deletes a run and its history; an open one is terminated first. The server does so after a while. It is the
    /// run that was started or attached to, and without one the latest run; other runs of the workflow stay. If the
    /// request had to be repeated, a run that is gone by then counts as deleted.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client, order: DynHandle) -> Result<()> {
    /// client.handle("order-1").delete().await?;
    /// # Ok(())
    /// # }
    /// # use durably::client::DynHandle;
    /// ```
    ///
    /// A typed handle has it by way of [`untyped`](Handle::untyped).
    ///
    /// # Errors
    /// There is no such workflow, or the request failed.
    pub fn delete(&self) -> Call<(), HandleError> {
        let target = self.0.clone();
        Call::new(move |timeout| async move {
            let what = || format!("response to the deletion of `{}`", target.workflow_id());
            let request = DeleteRequest::new(target.workflow_id(), target.run_id());
            let sender = target.clone();
            let send = move |request: DeleteRequest| async move {
                let target = sender.at(&request.workflow_id, request.run_id.as_deref());
                let request = DeleteWorkflow {
                    execution: target.execution_of_run(target.run_id().unwrap_or_default()),
                };
                let is_gone = |error: &CallError| error.reason() == Reason::NoWorkflow;
                let patience = Patience::at_once(timeout);
                let deleted = target.caller().call_with_effect(request, patience, is_gone);
                deleted.await.map_err(|error| target.refused(error))
            };
            let interceptors = target.client().interceptors();
            within(timeout, what, interceptors.around(request, send)).await
        })
    }
}

impl fmt::Debug for DynHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynHandle").field(&self.id()).finish()
    }
}
