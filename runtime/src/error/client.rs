//! One error type for each thing a client does, composed of what can happen to it.

use std::fmt;

use super::{
    ActivityError, AppError, ChildError, DataError, Failure, RpcError, TypedError,
    WorkflowCancelled, WorkflowFailed, WorkflowStuck, WorkflowTerminated, WorkflowTimedOut,
    chain::{self, links},
};
use crate::wire::describe::WorkflowStatus;

/// There is no such workflow, or it is closed and takes no more messages.
///
/// ```no_run
/// use durably::{error::HandleError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("order-1").terminate("out of stock").await {
///     Err(HandleError::NotFound(missing)) if missing.closed => println!("it ended before"),
///     Err(HandleError::NotFound(missing)) => println!("no {}", missing.workflow_id),
///     terminated => terminated?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkflowNotFound {
    /// The workflow id that was asked for.
    pub workflow_id: String,
    /// Whether the workflow exists, but has come to its end.
    pub closed: bool,
}

/// The workflow has no accepted update of this id.
///
/// ```no_run
/// use durably::{error::UpdateError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let deposit = client.handle("account-1").update_handle::<u64>("deposit-7");
/// match deposit.result().await {
///     Err(UpdateError::UpdateNotFound(missing)) => println!("{} was not sent", missing.update_id),
///     balance => println!("{}", balance?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateNotFound {
    /// The id of the update.
    pub update_id: String,
    /// The workflow that was asked.
    pub workflow_id: String,
}

/// A workflow with this id exists already, and the id policies do not allow another one.
///
/// ```no_run
/// use durably::{error::StartError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.start("Order", ()).task_queue("orders").id("order-1").await {
///     Err(StartError::AlreadyStarted(it)) => println!("run {} has the id", it.run_id),
///     started => println!("{}", started?.id()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkflowAlreadyStarted {
    /// The workflow id.
    pub workflow_id: String,
    /// The run that is in the way.
    pub run_id: String,
}

/// The time of the workflow does not reach the end of the fast-forward.
///
/// ```no_run
/// use durably::{error::FastForwardError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("reminder-1").fast_forwarded("a month").await {
///     Err(FastForwardError::Failed(failed)) => println!("{}: {}", failed.id, failed.reason),
///     completed => completed?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FastForwardFailed {
    /// The workflow id.
    pub workflow_id: String,
    /// The id of the fast-forward.
    pub id: String,
    /// Why, as the server says it.
    pub reason: String,
}

/// There is no such activity in progress: its attempt was completed, failed or timed out, its workflow has
/// ended, or the id is of no activity.
///
/// ```no_run
/// use durably::{error::AsyncActivityError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.activity("order-1", "approve").complete(true).await {
///     Err(AsyncActivityError::NotFound(it)) if it.workflow_closed => println!("the order is closed"),
///     Err(AsyncActivityError::NotFound(it)) => println!("{} is over", it.activity),
///     completed => completed?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActivityNotFound {
    /// The activity, in words.
    pub activity: String,
    /// Whether its workflow has come to its end.
    pub workflow_closed: bool,
}

/// Another request has paused the activity.
///
/// ```no_run
/// use durably::{error::ActivityOperationError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("order-1").activity("charge").pause("the gateway is down").await {
///     Err(ActivityOperationError::AlreadyPaused(it)) => println!("{} is paused", it.activity),
///     paused => paused?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActivityAlreadyPaused {
    /// The activity, in words.
    pub activity: String,
}

/// The query was not asked, because the workflow is not in the state that was asked for.
///
/// ```no_run
/// use durably::{client::QueryReject, error::QueryError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let query = client.handle("greeting-1").query::<u32>("count", ());
/// match query.reject_if(QueryReject::NotOpen).await {
///     Err(QueryError::Rejected(it)) => println!("not asked for {}: {}", it.query, it.status),
///     count => println!("{}", count?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryRejected {
    /// The name of the query.
    pub query: String,
    /// The state of the workflow.
    pub status: WorkflowStatus,
}

/// The query's handler returned an error, or the workflow has no such query.
///
/// ```no_run
/// use durably::{error::QueryError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("greeting-1").query::<u32>("count", ()).await {
///     Err(QueryError::Failed(it)) => println!("{} failed: {} {:?}", it.query, it.cause, it.app()),
///     count => println!("{}", count?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueryFailed {
    /// The name of the query.
    pub query: String,
    /// What the worker says.
    pub cause: Failure,
}

/// The workflow did not accept the update: its validator refused it, it has no such update, or the
/// arguments do not decode.
///
/// The update has changed nothing and left no trace in history.
///
/// ```no_run
/// use durably::{error::UpdateError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("account-1").update::<u64>("deposit", (0,)).await {
///     Err(UpdateError::Rejected(it)) => println!("{} was refused: {}", it.update, it.cause),
///     balance => println!("{}", balance?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpdateRejected {
    /// The name of the update; empty for an update that was attached to by its id.
    pub update: String,
    /// The id of the update.
    pub update_id: String,
    /// Why: an application error of the type `UpdateRejected` if a validator of ours refused it; other
    /// SDKs name the type of the exception that theirs raised.
    pub cause: Failure,
}

/// The workflow accepted the update, and its handler returned an error, or the workflow ended before
/// the handler did.
///
/// ```no_run
/// use durably::{error::UpdateError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("account-1").update::<u64>("deposit", (100,)).id("deposit-7").await {
///     Err(UpdateError::Failed(it)) => println!("{} failed: {}", it.update_id, it.cause),
///     balance => println!("{}", balance?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpdateFailed {
    /// The name of the update; empty for an update that was attached to by its id.
    pub update: String,
    /// The id of the update.
    pub update_id: String,
    /// Why.
    pub cause: Failure,
}

impl fmt::Display for WorkflowNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.workflow_id;
        if self.closed {
            write!(f, "workflow `{id}` is closed already")
        } else {
            write!(f, "workflow `{id}` not found")
        }
    }
}

impl fmt::Display for UpdateNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            update_id,
            workflow_id,
        } = self;
        write!(
            f,
            "update with id `{update_id}` not found in workflow `{workflow_id}`"
        )
    }
}

impl fmt::Display for FastForwardFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            workflow_id,
            id,
            reason,
        } = self;
        write!(
            f,
            "fast-forward `{id}` of workflow `{workflow_id}` has not completed: {reason}"
        )
    }
}

impl fmt::Display for WorkflowAlreadyStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            workflow_id,
            run_id,
        } = self;
        write!(
            f,
            "workflow `{workflow_id}` was started already (run {run_id})"
        )
    }
}

impl fmt::Display for ActivityNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let activity = &self.activity;
        match self.workflow_closed {
            true => write!(f, "{activity} is over: its workflow is closed"),
            false => write!(f, "{activity} is not in progress"),
        }
    }
}

impl fmt::Display for ActivityAlreadyPaused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is paused already", self.activity)
    }
}

impl fmt::Display for QueryRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { query, status } = self;
        write!(f, "query `{query}` was rejected: the workflow is {status}")
    }
}

impl fmt::Display for QueryFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "query `{}` failed", self.query)?;
        chain::because(f, &self.cause)
    }
}

impl fmt::Display for UpdateRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.update {
            "" => write!(f, "update with id `{}` was rejected", self.update_id)?,
            update => write!(f, "update `{update}` was rejected")?,
        }
        chain::because(f, &self.cause)
    }
}

impl fmt::Display for UpdateFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.update {
            "" => write!(f, "update with id `{}` failed", self.update_id)?,
            update => write!(f, "update `{update}` failed")?,
        }
        chain::because(f, &self.cause)
    }
}

impl std::error::Error for WorkflowNotFound {}

impl std::error::Error for FastForwardFailed {}
impl std::error::Error for UpdateNotFound {}

impl std::error::Error for WorkflowAlreadyStarted {}

impl std::error::Error for ActivityNotFound {}

impl std::error::Error for ActivityAlreadyPaused {}

impl std::error::Error for QueryRejected {}

impl std::error::Error for QueryFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl std::error::Error for UpdateRejected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl std::error::Error for UpdateFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

links!(QueryFailed, UpdateFailed, UpdateRejected);

/// Whether a part of an operation's error is an answer that did not come in time.
pub(super) trait IsRpcTimeout {
    fn is_rpc_timeout(&self) -> bool {
        false
    }
}

impl IsRpcTimeout for RpcError {
    fn is_rpc_timeout(&self) -> bool {
        self.is_timeout()
    }
}

impl IsRpcTimeout for ActivityAlreadyPaused {}
impl IsRpcTimeout for ActivityNotFound {}
impl IsRpcTimeout for DataError {}
impl IsRpcTimeout for FastForwardFailed {}
impl IsRpcTimeout for QueryFailed {}
impl IsRpcTimeout for QueryRejected {}
impl IsRpcTimeout for UpdateFailed {}
impl IsRpcTimeout for UpdateNotFound {}
impl IsRpcTimeout for UpdateRejected {}
impl IsRpcTimeout for WorkflowAlreadyStarted {}
impl IsRpcTimeout for WorkflowCancelled {}
impl IsRpcTimeout for WorkflowFailed {}
impl IsRpcTimeout for WorkflowNotFound {}
impl IsRpcTimeout for WorkflowStuck {}
impl IsRpcTimeout for WorkflowTerminated {}
/// The workflow's own timeout, which is an answer.
impl IsRpcTimeout for WorkflowTimedOut {}

/// Declares the error of one operation: it says nothing itself, its parts do.
macro_rules! operations {
    ($(
        $(#[$doc:meta])*
        $name:ident { $( $(#[$variant_doc:meta])* $variant:ident($leaf:ty), )* }
    )*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum $name { $( $(#[$variant_doc])* $variant($leaf), )* }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $( Self::$variant(error) => error.fmt(f), )* }
            }
        }

        links!($name);

        impl $name {
            /// Whether no answer came in time: within the `.timeout(..)` of the call, or from a server that
            /// kept silent. The server may have received the request all the same.
            pub fn is_timeout(&self) -> bool {
                match self { $( Self::$variant(error) => error.is_rpc_timeout(), )* }
            }

            /// The first activity that failed in the chain of causes.
            pub fn activity(&self) -> Option<&ActivityError> {
                chain::activity(self)
            }

            /// The first child workflow that failed in the chain of causes.
            pub fn child(&self) -> Option<&ChildError> {
                chain::child(self)
            }

            /// Why the workflow or its handler failed, as the server reports it.
            pub fn failure(&self) -> Option<&Failure> {
                chain::failure(self)
            }
        }

        impl IsRpcTimeout for $name {
            fn is_rpc_timeout(&self) -> bool {
                self.is_timeout()
            }
        }

        impl std::error::Error for $name {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                match self { $( Self::$variant(error) => error.source(), )* }
            }
        }

        $( impl From<$leaf> for $name {
            fn from(error: $leaf) -> Self {
                Self::$variant(error)
            }
        } )*
    )* };
}
pub(super) use operations;

operations! {
    /// Why a workflow could not be started.
    ///
    /// ```no_run
    /// use durably::{error::StartError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.start("Order", ()).task_queue("orders").id("order-1").timeout(secs(5)).await {
    ///     Ok(order) => println!("{} started", order.id()),
    ///     Err(StartError::AlreadyStarted(it)) => println!("run {} has the id", it.run_id),
    ///     Err(error) if error.is_timeout() => println!("perhaps started: {error}"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    StartError {
        /// The id is taken.
        AlreadyStarted(WorkflowAlreadyStarted),
        /// An argument, memo or search attribute could not be encoded.
        Data(DataError),
        /// The request failed.
        Rpc(RpcError),
    }

    /// Why a signal could not be sent.
    ///
    /// ```no_run
    /// use durably::{error::SignalError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.handle("order-1").signal("pay", (100,)).await {
    ///     Err(SignalError::NotFound(missing)) if missing.closed => println!("paid too late"),
    ///     sent => sent?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    SignalError {
        /// No running workflow has the id.
        NotFound(WorkflowNotFound),
        /// An argument could not be encoded.
        Data(DataError),
        /// The request failed.
        Rpc(RpcError),
    }

    /// Why a query gave no answer.
    ///
    /// ```no_run
    /// use durably::{error::QueryError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.handle("order-1").query::<u32>("count", ()).timeout(secs(5)).await {
    ///     Ok(count) => println!("{count}"),
    ///     Err(error) if error.is_timeout() => println!("no worker answers"),
    ///     Err(QueryError::Failed(failed)) => println!("its code failed: {}", failed.cause),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    QueryError {
        /// No workflow has the id.
        NotFound(WorkflowNotFound),
        /// The workflow is not in the state that was asked for.
        Rejected(QueryRejected),
        /// The handler returned an error, or there is none of that name.
        Failed(QueryFailed),
        /// An argument could not be encoded, or the answer not be decoded.
        Data(DataError),
        /// The request failed; [`RpcError::Timeout`] if no worker answered.
        Rpc(RpcError),
    }

    /// Why an update gave no result.
    ///
    /// [`Rejected`](Self::Rejected) is the caller's mistake, [`Failed`](Self::Failed) the workflow's, so
    /// that a service tells them apart:
    ///
    /// ```
    /// # struct StatusCode; impl StatusCode { const OK: u16 = 200; const NOT_FOUND: u16 = 404;
    /// # const CONFLICT: u16 = 409; const UNPROCESSABLE_ENTITY: u16 = 422;
    /// # const INTERNAL_SERVER_ERROR: u16 = 500; }
    /// use durably::{error::UpdateError, prelude::*};
    ///
    /// #[derive(Default)]
    /// struct Account {
    ///     balance: u64,
    /// }
    ///
    /// #[workflow]
    /// impl Account {
    ///     #[run]
    ///     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
    ///         Ok(ctx.sleep(days(365)).await?)
    ///     }
    ///
    ///     #[update(validator = check)]
    ///     async fn deposit(&mut self, cents: u64) -> Result<u64> {
    ///         self.balance += cents;
    ///         Ok(self.balance)
    ///     }
    ///
    ///     fn check(&self, cents: &u64) -> Result<(), &'static str> {
    ///         if *cents == 0 { Err("nothing to deposit") } else { Ok(()) }
    ///     }
    /// }
    ///
    /// async fn deposit(account: Handle<Account>, cents: u64) -> (u16, String) {
    ///     match account.deposit(cents).await {
    ///         Ok(balance) => (StatusCode::OK, balance.to_string()),
    ///         Err(UpdateError::Rejected(it)) => (StatusCode::UNPROCESSABLE_ENTITY, it.to_string()),
    ///         Err(UpdateError::NotFound(it)) => (StatusCode::NOT_FOUND, it.to_string()),
    ///         Err(error) if error.is_cancelled() => (StatusCode::CONFLICT, error.to_string()),
    ///         Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    ///     }
    /// }
    /// ```
    ///
    /// Which one it is, the server's history decides, whatever SDK the worker uses. An update that
    /// failed costs one more request for that.
    UpdateError {
        /// No running workflow has the id.
        NotFound(WorkflowNotFound),
        /// The workflow has no accepted update of the id that a handle was attached to.
        UpdateNotFound(UpdateNotFound),
        /// The workflow did not accept it: its validator refused it, it has no such update, or the
        /// arguments do not decode.
        Rejected(UpdateRejected),
        /// The workflow accepted it, and the handler returned an error, or the workflow ended first.
        Failed(UpdateFailed),
        /// An argument could not be encoded, or the result not be decoded.
        Data(DataError),
        /// The request failed.
        Rpc(RpcError),
    }

    /// Why a workflow was not started together with an update, or the update gave no result.
    ///
    /// ```no_run
    /// use durably::{error::{UpdateError, UpdateWithStartError}, prelude::*};
    /// # #[derive(Default)]
    /// # struct Account;
    /// # #[workflow(task_queue = "accounts")]
    /// # impl Account {
    /// #     #[run]
    /// #     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
    /// #         Ok(ctx.sleep(days(365)).await?)
    /// #     }
    /// #     #[update]
    /// #     fn deposit(&mut self, cents: u64) {}
    /// # }
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// let start = Account::start(&client).id("account-1");
    /// match start.with_update(|account| account.deposit(0)).await {
    ///     Err(UpdateWithStartError::Start(error)) => println!("not started: {error}"),
    ///     Err(UpdateWithStartError::Update(UpdateError::Rejected(it))) => println!("{}", it.cause),
    ///     accepted => println!("{}", accepted?.1.id()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    UpdateWithStartError {
        /// The workflow could not be started.
        Start(StartError),
        /// The update was rejected, or could not be sent.
        Update(UpdateError),
    }

    /// Why a workflow gave no result.
    ///
    /// ```no_run
    /// use durably::{ActivityError, error::{ChildError, Failure, ResultError}, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// let result = client.handle("order-1").result::<String>().timeout(mins(1)).await;
    /// let error: ResultError = match result {
    ///     Ok(receipt) => return Ok(println!("{receipt}")),
    ///     Err(error) => error,
    /// };
    /// if error.is_timeout() {
    ///     println!("it still runs");
    /// } else if error.is_cancelled() {
    ///     println!("it was cancelled");
    /// }
    /// // What its code returned, with the causes.
    /// let app: Option<&AppError> = error.app();
    /// let activity: Option<&ActivityError> = error.activity();
    /// let child: Option<&ChildError> = error.child();
    /// let failure: Option<&Failure> = error.failure();
    /// println!("{app:?} {activity:?} {child:?} {failure:?}");
    /// println!("{} links, {} of the application", error.chain().count(), error.apps().count());
    /// # Ok(())
    /// # }
    /// ```
    ResultError {
        /// Its code returned an error.
        Failed(WorkflowFailed),
        /// It was cancelled.
        Cancelled(WorkflowCancelled),
        /// It was terminated.
        Terminated(WorkflowTerminated),
        /// It took too long.
        TimedOut(WorkflowTimedOut),
        /// Its workflow task fails again and again, in a test whose server skips time.
        Stuck(WorkflowStuck),
        /// No workflow has the id.
        NotFound(WorkflowNotFound),
        /// The result is of another type.
        Data(DataError),
        /// The request failed.
        Rpc(RpcError),
    }

    /// Why a workflow could not be cancelled, terminated or looked at.
    ///
    /// ```no_run
    /// use durably::{error::HandleError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.handle("order-1").cancel().timeout(secs(5)).await {
    ///     Err(HandleError::NotFound(missing)) => println!("{missing}"),
    ///     Err(error) if error.is_timeout() => println!("perhaps requested: {error}"),
    ///     requested => requested?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    HandleError {
        /// No such workflow, or it is closed.
        NotFound(WorkflowNotFound),
        /// A detail of a termination cannot be serialised.
        Data(DataError),
        /// The request failed.
        Rpc(RpcError),
    }

    /// Why a fast-forward of a workflow has not completed.
    ///
    /// ```no_run
    /// use durably::{error::FastForwardError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.handle("reminder-1").fast_forwarded("a month").timeout(secs(30)).await {
    ///     Err(FastForwardError::Failed(failed)) => println!("{failed}"),
    ///     Err(error) if error.is_timeout() => println!("something holds its time"),
    ///     completed => completed?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    FastForwardError {
        /// It cannot complete any more.
        Failed(FastForwardFailed),
        /// No such workflow.
        NotFound(WorkflowNotFound),
        /// The request failed; [`RpcError::Unimplemented`] if the server does not skip the time of single workflows.
        Rpc(RpcError),
    }

    /// Why the report on an activity that a client completes was not taken.
    ///
    /// ```no_run
    /// use durably::{error::{AsyncActivityError, RpcError}, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.activity("order-1", "approve").report_cancelled(()).await {
    ///     Err(AsyncActivityError::NotFound(it)) => println!("{it}"),
    ///     Err(AsyncActivityError::Rpc(RpcError::InvalidArgument { .. })) => println!("not requested"),
    ///     reported => reported?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    AsyncActivityError {
        /// No such activity is in progress.
        NotFound(ActivityNotFound),
        /// The result or the details could not be encoded.
        Data(DataError),
        /// The request failed.
        Rpc(RpcError),
    }

    /// Why activities of a workflow were not paused, unpaused, reset or changed.
    ///
    /// ```no_run
    /// use durably::{error::ActivityOperationError, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.handle("order-1").activity("charge").reset().await {
    ///     Err(ActivityOperationError::NotFound(it)) => println!("{it}"),
    ///     reset => reset?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ActivityOperationError {
        /// The workflow has no such pending activity, or there is no such workflow.
        NotFound(ActivityNotFound),
        /// Another request has paused the activity.
        AlreadyPaused(ActivityAlreadyPaused),
        /// The request failed; [`RpcError::InvalidArgument`] if options contradict each other.
        Rpc(RpcError),
    }

    /// Why a workflow was not run to its result.
    ///
    /// ```no_run
    /// use durably::{error::{ResultError, RunError}, prelude::*};
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// match client.start("Order", ()).task_queue("orders").result::<String>().await {
    ///     Err(RunError::Start(error)) => println!("not started: {error}"),
    ///     Err(RunError::Result(ResultError::Failed(failed))) => println!("{}", failed.cause),
    ///     Err(error) if error.is_cancelled() => println!("it was cancelled"),
    ///     receipt => println!("{}", receipt?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    RunError {
        /// It could not be started.
        Start(StartError),
        /// It gave no result.
        Result(ResultError),
    }
}

impl From<RpcError> for UpdateWithStartError {
    fn from(error: RpcError) -> Self {
        Self::Start(error.into())
    }
}

impl ResultError {
    /// Whether the workflow was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }
}

impl RunError {
    /// Whether the workflow was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Result(error) if error.is_cancelled())
    }
}

impl UpdateError {
    /// Whether the handler ended because something was cancelled: its workflow, or what it waited
    /// for.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Failed(failed) if failed.cause.is_cancelled())
    }
}
