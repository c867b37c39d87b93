//! Calls the user's function, enforces its deadline, and gives it time to clean up.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use durably_engine::{FailureRecord, Payload};
use tracing::{Instrument, Span};

use super::{
    ActivityTasks,
    attempt::Claim,
    report::{AttemptResult, shut_down},
};
use crate::{
    activity::{ActivityCtx, ActivityInfo, CancelReason, cancel::CancelSignal},
    data::Args,
    definition::{ActivityFn, Invocation},
    error::{AppError, Error, Meaning, Result},
    instance::panics,
    interceptor::ActivityChain,
    telemetry::{
        current_context::CurrentContext,
        log,
        spans::{self, ActivityIds},
    },
    worker::{lifecycle::Phase, slots::Permit},
};

/// How long a body may clean up once the server accepts no result of its attempt any more. The
/// rustdoc of `ActivityCtx` promises it.
pub(crate) const CLEAN_UP: Duration = Duration::from_secs(5);

impl ActivityTasks {
    /// Waits for the call, its deadline, or the end of the worker.
    pub(super) async fn run(
        &self,
        claim: &Claim,
        cancel: &CancelSignal,
        call: impl Future<Output = Result<Payload>>,
    ) -> AttemptResult {
        let mut call = pin!(call);
        let result = tokio::select! {
            biased;
            result = &mut call => Some(result),
            () = self.given_up(claim, cancel) => None,
            () = self.lifecycle.reached(Phase::ActivitiesAbandoned) => return AttemptResult::Failed(shut_down().into()),
        };
        match result {
            Some(Ok(payload)) => AttemptResult::Completed(payload),
            Some(Err(error)) => self.of_error(cancel, &error),
            None => {
                tokio::select! {
                    biased;
                    _ = call => {}
                    () = self.server.timers.sleep(CLEAN_UP) => {}
                    () = self.lifecycle.reached(Phase::ActivitiesAbandoned) => {}
                }
                AttemptResult::Obsolete
            }
        }
    }

    /// Resolves when the server takes no result of the attempt any more.
    async fn given_up(&self, claim: &Claim, cancel: &CancelSignal) {
        let overdue = async {
            match claim.deadline {
                Some(deadline) => self.server.timers.sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let forgotten = async {
            if cancel.wait().await != CancelReason::Gone {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = forgotten => {}
            () = overdue => {
                cancel.set(CancelReason::TimedOut);
                log::on_attempt!(log::warning, claim.info, "activity attempt timed out");
            }
        }
    }

    fn of_error(&self, cancel: &CancelSignal, error: &Error) -> AttemptResult {
        match error.meaning() {
            Meaning::CompleteLater => return AttemptResult::CompletedLater,
            Meaning::Cancelled => match cancel.reason().or_else(|| self.shutdown.reason()) {
                Some(CancelReason::Requested) => return AttemptResult::Cancelled,
                Some(CancelReason::WorkerShutdown) => {
                    return AttemptResult::Failed(shut_down().into());
                }
                Some(CancelReason::Gone | CancelReason::TimedOut) => {
                    return AttemptResult::Obsolete;
                }
                Some(CancelReason::Paused) => {
                    return AttemptResult::Failed(stopped("ActivityPause", "paused").into());
                }
                Some(CancelReason::Reset) => {
                    return AttemptResult::Failed(stopped("ActivityReset", "reset").into());
                }
                None => {}
            },
            Meaning::OtherCancelled | Meaning::ContinueAsNew(_) | Meaning::Failure => {}
        }
        AttemptResult::Failed(error.to_attempt_record(&self.registry.converter).into())
    }
}

/// What an attempt holds until its body ends, which may be long after the attempt: a function that blocks cannot be
/// stopped, and others may clean up.
pub(crate) struct AttemptPermits {
    /// The report of the attempt shares it.
    _slot: Arc<Permit>,
    _of_type: Option<Permit>,
}

impl AttemptPermits {
    /// `of_type`: none for an activity type without a limit.
    pub(crate) fn new(slot: Arc<Permit>, of_type: Option<Permit>) -> Self {
        Self {
            _slot: slot,
            _of_type: of_type,
        }
    }
}

/// Calls the user's function; a panic in it is an error, and so are details of its heartbeats that
/// could not be written.
pub(crate) async fn call(
    activity: &ActivityFn,
    interceptors: &ActivityChain,
    ctx: ActivityCtx,
    args: Args,
    permits: AttemptPermits,
) -> Result<Payload> {
    let span = span(ctx.info());
    let result = match interceptors.is_empty() {
        true => {
            let invoked = invoke(activity, ctx.clone(), args, permits, span.clone());
            invoked.instrument(span).await
        }
        false => {
            let activity = Arc::clone(activity);
            let of_attempt = span.clone();
            let invoke =
                |ctx, args| async move { invoke(&activity, ctx, args, permits, of_attempt).await };
            let executed = interceptors.execute(ctx.clone(), args, invoke);
            executed.instrument(span).await
        }
    };
    let fails = match &result {
        Ok(_) => false,
        Err(error) => !matches!(error.meaning(), Meaning::CompleteLater),
    };
    if !fails {
        ctx.refuse_unwritten()?;
    }
    result
}

async fn invoke(
    activity: &ActivityFn,
    ctx: ActivityCtx,
    args: Args,
    permits: AttemptPermits,
    of_attempt: Span,
) -> Result<Payload> {
    match panics::catch(|| activity(ctx, args)) {
        Err(panic) => Err(panicked(&panic)),
        Ok(Invocation::Async(mut body)) => {
            poll_fn(|cx| match panics::catch(|| body.as_mut().poll(cx)) {
                Ok(poll) => poll,
                Err(panic) => Poll::Ready(Err(panicked(&panic))),
            })
            .await
        }
        Ok(Invocation::Blocking(body)) => {
            // An interceptor may have entered a span of its own. Not every subscriber knows the current one.
            let current = Span::current();
            let span = if current.is_none() {
                of_attempt
            } else {
                current
            };
            let context = CurrentContext::get();
            let body = move || {
                let result = context.in_scope(|| span.in_scope(|| panics::catch(body)));
                drop(permits);
                result
            };
            match tokio::task::spawn_blocking(body).await {
                Ok(Ok(result)) => result,
                Ok(Err(panic)) => Err(panicked(&panic)),
                Err(ended) => Err(AppError::new("RuntimeShutdown", ended.to_string()).into()),
            }
        }
    }
}

fn span(info: &ActivityInfo) -> Span {
    let ids = ActivityIds {
        activity_type: &info.activity_type,
        activity_id: &info.activity_id,
        attempt: info.attempt,
        workflow_type: &info.workflow_type,
        workflow_id: &info.workflow_id,
        run_id: &info.run_id,
        task_queue: &info.task_queue,
        namespace: &info.namespace,
    };
    match info.is_local {
        true => spans::local_activity(ids),
        false => spans::activity(ids),
    }
}

fn panicked(panic: &panics::Panicked) -> Error {
    AppError::new("Panic", panic.to_string()).into()
}

fn stopped(kind: &str, how: &str) -> FailureRecord {
    let text = format!("the activity was {how}, which aborted this attempt");
    AppError::new(kind, text).into_record()
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;
    use crate::{
        data::{Callee, Converter},
        telemetry::spans::span_log::lines_of,
        time::span::secs,
        worker::slots::Slots,
    };

    #[tokio::test]
    async fn a_function_that_blocks_keeps_its_permits_after_the_end_of_its_attempt() {
        let (end, may_end) = mpsc::channel::<()>();
        let may_end = Arc::new(Mutex::new(may_end));
        let activity: ActivityFn = Arc::new(move |_, _| {
            let may_end = Arc::clone(&may_end);
            Invocation::Blocking(Box::new(move || {
                let _ = may_end.lock().unwrap().recv();
                Err(AppError::new("Late", "nobody waits for it").into())
            }))
        });
        let [slots, of_type] = [Slots::new(1), Slots::new(1)];
        let slot = slots.try_acquire().map(Arc::new).expect("it is free");
        let permits = AttemptPermits::new(slot, of_type.try_acquire());
        let (ctx, _test) = ActivityCtx::for_test("block");
        let interceptors = ActivityChain::default();
        let callee = Callee::Activity("block".into());
        let args = Args::new(callee, Vec::new(), Converter::default());
        let mut attempt = Box::pin(call(&activity, &interceptors, ctx, args, permits));
        assert!(futures::poll!(&mut attempt).is_pending());
        drop(attempt);
        assert!(slots.try_acquire().is_none());
        assert!(of_type.try_acquire().is_none());
        drop(end);
        assert!(slots.all_free(secs(20)).await);
        assert!(of_type.all_free(secs(20)).await);
    }

    #[test]
    fn lines_of_an_activity_are_in_its_span() {
        let activity: ActivityFn = Arc::new(|_, _| {
            Invocation::Async(Box::pin(async {
                tracing::info!("begins");
                tokio::task::yield_now().await;
                tracing::info!("goes on");
                Err(AppError::new("Done", "done").into())
            }))
        });
        let lines = lines_of(|| {
            let slot = Slots::new(1).try_acquire().map(Arc::new);
            let permits = AttemptPermits::new(slot.expect("it is free"), None);
            let (ctx, _test) = ActivityCtx::for_test("pack");
            let callee = Callee::Activity("pack".into());
            let args = Args::new(callee, Vec::new(), Converter::default());
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let interceptors = ActivityChain::default();
            let called = call(&activity, &interceptors, ctx, args, permits);
            let result = runtime.expect("a runtime").block_on(called);
            assert!(result.is_err());
        });
        let span = "activity{activity_type=\"pack\" activity_id=\"test\" attempt=1 workflow_type=\"test\" \
                    workflow_id=\"test\" run_id=\"test\" task_queue=\"test\" namespace=\"default\"}:";
        assert_eq!(lines, [format!("{span} begins"), format!("{span} goes on")]);
    }
}
