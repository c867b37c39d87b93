//! Activities that are completed by a client instead of by the worker that ran their function.

use std::{
    fmt,
    marker::{self, PhantomData},
    sync::Arc,
    time::Duration,
};

use durably_engine::Payload;
use futures::future::BoxFuture;

use crate::{
    activity::CancelReason,
    client::{
        Client, Untyped,
        call::{Call, within},
    },
    data::{Bytes, Outgoing, Text, type_name},
    definition::Activity,
    error::{
        ActivityNotFound, AsyncActivityError, DataError, Error, IntoFailure, RpcError, TypedError,
    },
    interceptor::{ActivityReport, ActivityReportRequest},
    transport::{retry::Patience, rpc::Rpc},
    wire::{
        activity_task::{CancelActivity, CompleteActivity, FailActivity},
        async_activity::{
            ActivityIds, CancelActivityById, CompleteActivityById, FailActivityById,
            RecordHeartbeatById,
        },
        heartbeat::{HeartbeatResponse, RecordHeartbeat},
        request::{Execution, Request},
        status::{CallError, Reason},
    },
};

/// An activity whose end a client reports, because its function returned
/// [`complete_later`](crate::ActivityCtx::complete_later).
///
/// [`Client::activity_by_token`] and [`Client::activity`] make one, without a request.
/// [`typed`](Self::typed) gives it the type of the activity, so that a result of another type does not
/// compile. Cheap to clone, and safe to share between threads and tasks; the program needs no worker.
///
/// Timeouts and retries are those of any attempt: a failure is retried under the activity's policy, which
/// calls its function again, with another task token.
///
/// ```
/// use durably::{Bytes, activity::CancelReason, prelude::*};
///
/// # async fn order_print(_: &str, _: Bytes) -> Result<()> { Ok(()) }
/// # async fn next_page() -> Option<u32> { None }
/// /// Prints a book, at a print shop that calls back.
/// #[activity(start_to_close = "7d", heartbeat = "1h")]
/// async fn print(ctx: &ActivityCtx, title: String) -> Result<u32> {
///     order_print(&title, ctx.task_token()).await?;
///     ctx.complete_later().into()
/// }
///
/// /// The program that the print shop calls back.
/// async fn printing(client: &Client, token: Bytes) -> Result<()> {
///     let activity = client.activity_by_token(token).typed::<print>();
///     let mut pages = 0;
///     while let Some(page) = next_page().await {
///         pages = page;
///         if let Some(CancelReason::Requested) = activity.heartbeat(pages).await? {
///             return Ok(activity.report_cancelled(pages).await?);
///         }
///     }
///     match pages {
///         0 => activity.fail(AppError::new("OutOfPaper", "no page was printed")).await?,
///         pages => activity.complete(pages).await?,
///     }
///     Ok(())
/// }
///
/// /// By the ids that the workflow chose: `print::call(ctx, title).id("print")`.
/// async fn printed(client: &Client, order: &str, pages: u32) -> Result<()> {
///     let activity = client.activity(order, "print").typed::<print>();
///     Ok(activity.complete(pages).await?)
/// }
///
/// /// In the run that called it, and in no later one.
/// async fn given_up(client: &Client, order: &str, run_id: &str) -> Result<()> {
///     let activity = client.activity(order, "print").run(run_id);
///     Ok(activity.fail(Error::message("the print shop has closed")).await?)
/// }
/// ```
pub struct AsyncActivityHandle<A = Untyped> {
    target: Arc<Target>,
    kind: PhantomData<fn() -> A>,
}

struct Target {
    client: Client,
    activity: Named,
}

/// What names the activity to the server.
enum Named {
    ByToken(Bytes),
    ById(ActivityIds),
}

/// The same report, for each way to name the activity.
macro_rules! report {
    ($target:expr, $timeout:expr, |$token:ident| $by_token:expr, |$activity:ident| $by_id:expr) => {
        match &$target.activity {
            Named::ByToken(token) => {
                let $token = token.to_vec();
                $target.send($by_token, $timeout).await
            }
            Named::ById(ids) => {
                let $activity = ids.clone();
                $target.send($by_id, $timeout).await
            }
        }
    };
}

impl AsyncActivityHandle {
    pub(crate) fn by_token(client: &Client, token: Bytes) -> Self {
        Self::new(client, Named::ByToken(token))
    }

    pub(crate) fn by_id(client: &Client, workflow_id: String, activity_id: String) -> Self {
        let execution = Execution {
            workflow_id,
            run_id: String::new(),
        };
        let ids = ActivityIds {
            execution,
            activity_id,
        };
        Self::new(client, Named::ById(ids))
    }

    fn new(client: &Client, activity: Named) -> Self {
        Self {
            target: Arc::new(Target {
                client: client.clone(),
                activity,
            }),
            kind: PhantomData,
        }
    }

    /// The activity in this run of its workflow; without it, in the latest one. A task token names its run
    /// already.
    pub fn run(self, run_id: impl Text) -> Self {
        let Named::ById(ids) = &self.target.activity else {
            return self;
        };
        let ids = ActivityIds {
            execution: Execution {
                workflow_id: ids.execution.workflow_id.clone(),
                run_id: run_id.into_text(),
            },
            activity_id: ids.activity_id.clone(),
        };
        Self::new(&self.target.client, Named::ById(ids))
    }

    /// The same activity, with its type: [`complete`](AsyncActivityHandle::complete) takes its result, and
    /// no other type.
    pub fn typed<A: Activity>(self) -> AsyncActivityHandle<A> {
        AsyncActivityHandle {
            target: self.target,
            kind: PhantomData,
        }
    }

    /// Completes the activity with this result, which is of the type that the workflow expects.
    ///
    /// # Errors
    /// [`AsyncActivityError::NotFound`] if the attempt is over. If the request had to be repeated, it may have
    /// been completed by it.
    pub fn complete<T: Outgoing>(&self, result: T) -> Call<(), AsyncActivityError> {
        let encoded = self.target.encode("the result", &result);
        self.target.complete(encoded)
    }
}

impl<A: Activity> AsyncActivityHandle<A> {
    /// Completes the activity with this result.
    ///
    /// # Errors
    /// [`AsyncActivityError::NotFound`] if the attempt is over. If the request had to be repeated, it may have
    /// been completed by it.
    pub fn complete(&self, result: A::Output) -> Call<(), AsyncActivityError> {
        let converter = self.target.client.converter();
        let what = || format!("the result of {}", self.target);
        self.target
            .complete(A::__output().encoded(what, &result, converter))
    }
}

impl<A> AsyncActivityHandle<A> {
    /// Fails the attempt. The server retries the activity if its policy allows it, which calls its function
    /// again.
    ///
    /// The failure has the name of the error's type and of its variant. For an error with
    /// [`#[derive(durably::Failure)]`](macro@crate::Failure), [`fail_typed`](Self::fail_typed) keeps its
    /// declared name, fields and retry behaviour, too.
    ///
    /// # Errors
    /// [`AsyncActivityError::NotFound`] if the attempt is over.
    pub fn fail(&self, error: impl IntoFailure) -> Call<(), AsyncActivityError> {
        let error = error.into_failure();
        let failure = error.to_attempt_record(self.target.client.converter());
        self.target.call(
            ActivityReport::Failure,
            Ok(failure),
            |target, failure, timeout| {
                Box::pin(async move {
                    report!(
                        target,
                        timeout,
                        |token| FailActivity {
                            token,
                            failure,
                            last_heartbeat: None,
                        },
                        |activity| FailActivityById { activity, failure }
                    )
                })
            },
        )
    }

    /// Fails the attempt with an error that has [`#[derive(durably::Failure)]`](macro@crate::Failure). The
    /// server does not retry the activity if the error is declared as `non_retryable`.
    ///
    /// ```
    /// use durably::{client::AsyncActivityHandle, error::AsyncActivityError, prelude::*};
    ///
    /// #[derive(Debug, thiserror::Error, durably::Failure)]
    /// #[error("declined: {reason}")]
    /// #[failure(non_retryable)]
    /// struct Declined {
    ///     reason: String,
    /// }
    ///
    /// async fn decline<A>(activity: AsyncActivityHandle<A>) -> Result<(), AsyncActivityError> {
    ///     activity.fail_typed(Declined { reason: "over budget".to_owned() }).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`AsyncActivityError::NotFound`] if the attempt is over.
    pub fn fail_typed(&self, error: impl TypedError) -> Call<(), AsyncActivityError> {
        self.fail(Error::from_typed(error))
    }

    /// Reports that the activity has ended because its cancellation was requested, with details for the
    /// workflow: `()` where there are none.
    ///
    /// # Errors
    /// [`AsyncActivityError::NotFound`] if the attempt is over, [`RpcError::InvalidArgument`] if nobody has
    /// requested the cancellation.
    pub fn report_cancelled<T: Outgoing>(&self, details: T) -> Call<(), AsyncActivityError> {
        let encoded = self.target.encode("the details", &details);
        self.target.call(
            ActivityReport::Cancellation,
            encoded,
            |target, details, timeout| {
                Box::pin(async move {
                    report!(
                        target,
                        timeout,
                        |token| CancelActivity {
                            token,
                            details: Some(details),
                        },
                        |activity| CancelActivityById { activity, details }
                    )
                })
            },
        )
    }

    /// Reports that the activity is alive, with the details of its progress, which the next attempt reads.
    /// Returns why the activity should stop, if it should.
    ///
    /// Each call sends a request. An activity with a heartbeat timeout needs them more often than that, from
    /// the start of its attempt on.
    ///
    /// # Errors
    /// [`AsyncActivityError::NotFound`] if the attempt is over: it was completed, it timed out, or the workflow
    /// has ended.
    pub fn heartbeat<T: Outgoing>(
        &self,
        details: T,
    ) -> Call<Option<CancelReason>, AsyncActivityError> {
        let encoded = self.target.encode("the heartbeat details", &details);
        self.target.call(
            ActivityReport::Heartbeat,
            encoded,
            |target, details, timeout| {
                Box::pin(async move {
                    let response: Result<_, AsyncActivityError> = report!(
                        target,
                        timeout,
                        |token| RecordHeartbeat {
                            token,
                            details: Some(details),
                        },
                        |activity| RecordHeartbeatById { activity, details }
                    );
                    Ok(match response? {
                        HeartbeatResponse::Continue => None,
                        HeartbeatResponse::Cancel => Some(CancelReason::Requested),
                        HeartbeatResponse::Paused => Some(CancelReason::Paused),
                        HeartbeatResponse::Reset => Some(CancelReason::Reset),
                    })
                })
            },
        )
    }
}

/// Sends the report, as long as the argument allows.
type Send<C, R> =
    fn(Arc<Target>, C, Option<Duration>) -> BoxFuture<'static, Result<R, AsyncActivityError>>;

impl Target {
    fn encode<T: Outgoing>(&self, what: &str, value: &T) -> Result<Payload, DataError> {
        value.__encode(self.client.converter()).map_err(|fault| {
            let what = format!("{what} of {self}");
            DataError::write(what, type_name::short::<T>(), fault)
        })
    }

    /// What interceptors see of a report.
    fn request(&self, report: ActivityReport) -> ActivityReportRequest {
        let (task_token, ids) = match &self.activity {
            Named::ByToken(token) => (Some(token.clone()), None),
            Named::ById(ids) => (None, Some(ids)),
        };
        let run_id = ids.map(|ids| ids.execution.run_id.clone());
        ActivityReportRequest {
            report,
            task_token,
            workflow_id: ids.map(|ids| ids.execution.workflow_id.clone()),
            run_id: run_id.filter(|id| !id.is_empty()),
            activity_id: ids.map(|ids| ids.activity_id.clone()),
        }
    }

    /// A report of this content.
    fn call<C: marker::Send + Sync + 'static, R: marker::Send + 'static>(
        self: &Arc<Self>,
        report: ActivityReport,
        content: Result<C, DataError>,
        send: Send<C, R>,
    ) -> Call<R, AsyncActivityError> {
        let target = Arc::clone(self);
        Call::new(move |timeout| async move {
            let named = || format!("response to the {} of {target}", report.name());
            let content = content?;
            let to = Arc::clone(&target);
            let interceptors = target.client.interceptors();
            let send = move |_: ActivityReportRequest| send(to, content, timeout);
            let sent = interceptors.around(target.request(report), send);
            within(timeout, named, sent).await
        })
    }

    fn complete(
        self: &Arc<Self>,
        result: Result<Payload, DataError>,
    ) -> Call<(), AsyncActivityError> {
        self.call(
            ActivityReport::Completion,
            result,
            |target, result, timeout| {
                Box::pin(async move {
                    report!(
                        target,
                        timeout,
                        |token| CompleteActivity { token, result },
                        |activity| CompleteActivityById { activity, result }
                    )
                })
            },
        )
    }

    async fn send<R>(
        &self,
        request: R,
        timeout: Option<Duration>,
    ) -> Result<R::Response, AsyncActivityError>
    where
        R: Request<Message: Rpc<Reply = R::Reply>>,
    {
        let patience = Patience::at_once(timeout);
        let response = self.client.caller().call(request, patience).await;
        response.map_err(|error| self.refused(error))
    }

    fn refused(&self, error: CallError) -> AsyncActivityError {
        let workflow_closed = match error.reason() {
            Reason::NoWorkflow => false,
            Reason::WorkflowClosed => true,
            Reason::NoUpdate
            | Reason::AlreadyStarted { .. }
            | Reason::QueryFailed(_)
            | Reason::Operation { .. }
            | Reason::Unspecific => return RpcError::from(error).into(),
        };
        ActivityNotFound {
            activity: self.to_string(),
            workflow_closed,
        }
        .into()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.activity {
            Named::ByToken(_) => f.write_str("the activity of the task token"),
            Named::ById(ids) => write!(
                f,
                "activity `{}` of workflow `{}`",
                ids.activity_id, ids.execution.workflow_id
            ),
        }
    }
}

impl<A> Clone for AsyncActivityHandle<A> {
    fn clone(&self) -> Self {
        Self {
            target: Arc::clone(&self.target),
            kind: PhantomData,
        }
    }
}

impl<A> fmt::Debug for AsyncActivityHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncActivityHandle")
            .field(&format_args!("{}", self.target))
            .finish()
    }
}
