//! Runs one attempt of an activity: call, heartbeats, deadline, answer.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use durably_engine::{FailureRecord, Payload};
use durably_proto::{
    api::workflowservice::v1::{
        PollActivityTaskQueueResponse, RecordActivityTaskHeartbeatRequest,
        RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest,
        RespondActivityTaskFailedRequest,
    },
    wkt::Timestamp,
};
use tonic::{Code, Status};

use super::{
    deliver::{ANSWER_TIMEOUT, deliver},
    missing::REGISTER,
    shared::{Phase, Shared},
    slots::Permit,
};
use crate::{
    ActivityCtx, ActivityInfo, AppError, CancelReason, Cancelled, Error, Result,
    activity::{
        cancel::CancelSignal,
        heartbeat::{self, Heart, Reply},
    },
    client::retry::{Patience, is_too_large},
    data::{Args, Callee},
    definition::{ActivityFn, BoxFuture, Invocation},
    notice, wire,
    workflow::panics,
};

/// How long an answer is tried for when the attempt has no deadline.
const PATIENCE: Duration = Duration::from_secs(600);

/// Starts an attempt.
pub(crate) fn start(
    shared: &Arc<Shared>,
    task: Box<PollActivityTaskQueueResponse>,
    permit: Permit,
) {
    let shared = Arc::clone(shared);
    shared.clone().runtime.spawn(async move {
        let permit = Arc::new(permit);
        let attempted = attempt(&shared, *task, &permit).await;
        shared.clone().net.spawn(async move {
            tell(&shared, attempted).await;
            drop(permit);
        });
    });
}

/// What the server needs to hear about an attempt.
struct Claim {
    token: Vec<u8>,
    activity_type: String,
    activity_id: String,
    workflow_id: String,
    /// When the server stops waiting for the attempt, by the clock of this process.
    deadline: Option<Instant>,
}

/// How an attempt ended.
enum Ended {
    Completed(Payload),
    Cancelled,
    Failed(Box<FailureRecord>),
    /// The server does not wait for it any more.
    Unheard,
}

/// An attempt, and how it ended.
struct Attempted {
    claim: Claim,
    ended: Ended,
    /// Details of a heartbeat that the server has not confirmed.
    unconfirmed: Option<Payload>,
}

async fn attempt(
    shared: &Arc<Shared>,
    task: PollActivityTaskQueueResponse,
    permit: &Arc<Permit>,
) -> Attempted {
    let Attempt {
        claim,
        info,
        input,
        previous,
    } = Attempt::of(shared, task);
    let cancel = CancelSignal::default();
    let heart = heart(shared, &claim, &info, &cancel);
    let ended = match shared.registry.activity(&info.activity_type) {
        None => Ended::Failed(unknown(shared, &claim).into()),
        Some(activity) => {
            let callee = Callee::Activity(info.activity_type.clone().into());
            let ctx = ActivityCtx::new(
                info,
                previous,
                cancel.clone(),
                shared.closing.clone(),
                Arc::clone(&heart),
                shared.runtime.clone(),
            );
            let call = call(activity, ctx, Args::new(callee, input), permit);
            run(shared, &claim, &cancel, call).await
        }
    };
    Attempted {
        unconfirmed: heart.stop(),
        claim,
        ended,
    }
}

/// Waits for the call, its deadline, or the end of the worker.
async fn run(
    shared: &Shared,
    claim: &Claim,
    cancel: &CancelSignal,
    call: impl Future<Output = Result<Payload>>,
) -> Ended {
    let overdue = async {
        match claim.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        biased;
        result = call => result,
        () = overdue => {
            cancel.set(CancelReason::TimedOut);
            notice::warning!(
                activity_type = claim.activity_type,
                activity_id = claim.activity_id,
                workflow_id = claim.workflow_id,
                "activity attempt ran out of time"
            );
            return Ended::Unheard;
        }
        () = shared.reached(Phase::ActivitiesAbandoned) => return Ended::Failed(shut_down().into()),
    };
    let error = match result {
        Ok(payload) => return Ended::Completed(payload),
        Err(error) => error,
    };
    if error.is::<Cancelled>() {
        let reason = cancel.reason().or_else(|| shared.closing.reason());
        match reason {
            Some(CancelReason::Requested) => return Ended::Cancelled,
            Some(CancelReason::WorkerShutdown) => return Ended::Failed(shut_down().into()),
            Some(CancelReason::Gone | CancelReason::TimedOut) => return Ended::Unheard,
            Some(CancelReason::Paused) => {
                return Ended::Failed(stopped("ActivityPause", "paused").into());
            }
            Some(CancelReason::Reset) => {
                return Ended::Failed(stopped("ActivityReset", "reset").into());
            }
            None => {}
        }
    }
    let record = error.to_record();
    notice::warning!(
        activity_type = claim.activity_type,
        activity_id = claim.activity_id,
        workflow_id = claim.workflow_id,
        "activity attempt failed: {}",
        record.message
    );
    Ended::Failed(record.into())
}

/// The user's function; a panic in it is an error.
///
/// A function that blocks cannot be stopped, so it keeps the permit until it comes back.
async fn call(
    activity: &ActivityFn,
    ctx: ActivityCtx,
    args: Args,
    permit: &Arc<Permit>,
) -> Result<Payload> {
    match panics::catch(|| activity(ctx, args)) {
        Err(panic) => Err(panicked(&panic)),
        Ok(Invocation::Async(mut body)) => {
            poll_fn(|cx| match panics::catch(|| body.as_mut().poll(cx)) {
                Ok(poll) => poll,
                Err(panic) => std::task::Poll::Ready(Err(panicked(&panic))),
            })
            .await
        }
        Ok(Invocation::Blocking(body)) => {
            let permit = Arc::clone(permit);
            let body = move || {
                let result = panics::catch(body);
                drop(permit);
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

/// Tells the server how the attempt ended, while it waits to hear.
async fn tell(shared: &Shared, attempted: Attempted) {
    let Attempted {
        claim,
        ended,
        unconfirmed,
    } = attempted;
    let claim = &claim;
    let told = match ended {
        Ended::Unheard => return,
        Ended::Completed(result) => match completed(shared, claim, result).await {
            Err(status) if is_too_large(&status) => {
                let error = AppError::new("MessageTooLarge", status.message()).non_retryable();
                failed(shared, claim, Error::from(error).to_record(), None).await
            }
            told => told,
        },
        Ended::Cancelled => cancelled(shared, claim).await,
        Ended::Failed(record) => failed(shared, claim, *record, unconfirmed).await,
    };
    let Err(status) = told else { return };
    let (activity_type, workflow_id) = (&claim.activity_type, &claim.workflow_id);
    let (code, error) = (status.code(), status.message());
    if code == Code::NotFound {
        let what = "the end of an activity attempt came too late";
        tracing::debug!(activity_type, workflow_id, error, "{what}");
    } else {
        let what = "the end of an activity attempt was not taken";
        notice::warning!(activity_type, workflow_id, ?code, error, "{what}");
    }
}

async fn completed(shared: &Shared, claim: &Claim, result: Payload) -> Result<(), Status> {
    let request = RespondActivityTaskCompletedRequest {
        namespace: shared.namespace.clone(),
        identity: shared.options.identity.clone(),
        task_token: claim.token.clone(),
        result: wire::payload::list_to_proto(vec![result]),
        ..Default::default()
    };
    let what = "completing an activity";
    let reply = deliver(shared, what, claim.patience(), || {
        let request = request.clone();
        shared
            .rpc
            .respond_activity_task_completed(request, ANSWER_TIMEOUT)
    });
    reply.await.map(drop)
}

async fn cancelled(shared: &Shared, claim: &Claim) -> Result<(), Status> {
    let request = RespondActivityTaskCanceledRequest {
        namespace: shared.namespace.clone(),
        identity: shared.options.identity.clone(),
        task_token: claim.token.clone(),
        ..Default::default()
    };
    let what = "reporting an activity as cancelled";
    let reply = deliver(shared, what, claim.patience(), || {
        let request = request.clone();
        shared
            .rpc
            .respond_activity_task_canceled(request, ANSWER_TIMEOUT)
    });
    reply.await.map(drop)
}

async fn failed(
    shared: &Shared,
    claim: &Claim,
    record: FailureRecord,
    unconfirmed: Option<Payload>,
) -> Result<(), Status> {
    let request = RespondActivityTaskFailedRequest {
        namespace: shared.namespace.clone(),
        identity: shared.options.identity.clone(),
        task_token: claim.token.clone(),
        failure: Some(wire::failure::to_proto(record)),
        last_heartbeat_details: wire::payload::list_to_proto(unconfirmed.into_iter().collect()),
        ..Default::default()
    };
    let what = "reporting an activity as failed";
    let reply = deliver(shared, what, claim.patience(), || {
        let request = request.clone();
        shared
            .rpc
            .respond_activity_task_failed(request, ANSWER_TIMEOUT)
    });
    reply.await.map(drop)
}

/// What the server gave, taken apart.
struct Attempt {
    claim: Claim,
    info: ActivityInfo,
    input: Vec<Payload>,
    /// Details of the previous attempt's last heartbeat.
    previous: Vec<Payload>,
}

impl Attempt {
    fn of(shared: &Shared, task: PollActivityTaskQueueResponse) -> Self {
        let execution = task.workflow_execution.unwrap_or_default();
        let started_at = time(task.started_time);
        let scheduled_at = time(task.scheduled_time);
        let info = ActivityInfo {
            activity_id: task.activity_id,
            activity_type: task.activity_type.unwrap_or_default().name,
            attempt: u32::try_from(task.attempt).unwrap_or(1),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            workflow_type: task.workflow_type.unwrap_or_default().name,
            namespace: task.workflow_namespace,
            task_queue: shared.task_queue.clone(),
            scheduled_at,
            attempt_scheduled_at: time(task.current_attempt_scheduled_time),
            started_at,
            start_to_close: wire::time::limit(task.start_to_close_timeout),
            schedule_to_close: wire::time::limit(task.schedule_to_close_timeout),
            heartbeat_timeout: wire::time::limit(task.heartbeat_timeout),
            is_local: false,
        };
        let claim = Claim {
            token: task.task_token,
            activity_type: info.activity_type.clone(),
            activity_id: info.activity_id.clone(),
            workflow_id: info.workflow_id.clone(),
            deadline: deadline(&info),
        };
        Self {
            claim,
            info,
            input: wire::payload::list_from_proto(task.input),
            previous: wire::payload::list_from_proto(task.heartbeat_details),
        }
    }
}

/// The deadline by the clock of this process. Only spans of the server's clock are used, so clocks
/// that differ do no harm.
fn deadline(info: &ActivityInfo) -> Option<Instant> {
    let left = info.deadline()?.duration_since(info.started_at);
    Instant::now().checked_add(left.unwrap_or_default())
}

fn time(timestamp: Option<Timestamp>) -> SystemTime {
    timestamp
        .and_then(wire::time::instant)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

impl Claim {
    /// Until when an answer is worth being told.
    fn patience(&self) -> Instant {
        self.deadline.unwrap_or_else(|| Instant::now() + PATIENCE)
    }
}

fn heart(
    shared: &Arc<Shared>,
    claim: &Claim,
    info: &ActivityInfo,
    cancel: &CancelSignal,
) -> Arc<Heart> {
    let shared = Arc::clone(shared);
    let token = claim.token.clone();
    let send = move |details: Option<Payload>| {
        let shared = Arc::clone(&shared);
        let request = RecordActivityTaskHeartbeatRequest {
            namespace: shared.namespace.clone(),
            identity: shared.options.identity.clone(),
            task_token: token.clone(),
            details: wire::payload::list_to_proto(details.into_iter().collect()),
            ..Default::default()
        };
        let beat: BoxFuture<Reply> = Box::pin(async move { beat(&shared, request).await });
        beat
    };
    let interval = heartbeat::interval(info.heartbeat_timeout);
    Heart::new(interval, cancel.clone(), Box::new(send))
}

async fn beat(shared: &Shared, request: RecordActivityTaskHeartbeatRequest) -> Reply {
    // The next heartbeat may come too late for a server that misses this one.
    let patience = Patience::sit_out(ANSWER_TIMEOUT);
    let reply = shared.rpc.record_activity_task_heartbeat(request, patience);
    match reply.await {
        Ok(reply) if reply.cancel_requested => Reply::Stop(CancelReason::Requested),
        Ok(reply) if reply.activity_paused => Reply::Stop(CancelReason::Paused),
        Ok(reply) if reply.activity_reset => Reply::Stop(CancelReason::Reset),
        Ok(_) => Reply::Alive,
        Err(status) if status.code() == Code::NotFound => Reply::Stop(CancelReason::Gone),
        Err(status) => {
            shared.lost("a heartbeat", &status);
            Reply::Lost
        }
    }
}

fn unknown(shared: &Shared, claim: &Claim) -> FailureRecord {
    let error = AppError::new(
        "NotFoundError",
        format!(
            "activity `{}` of workflow `{}` is not registered on this worker (task queue `{}`); registered: {}. {REGISTER}",
            claim.activity_type,
            claim.workflow_id,
            shared.task_queue,
            shared.registry.activity_names()
        ),
    );
    notice::warning!("{error}");
    Error::from(error).to_record()
}

fn panicked(panic: &panics::Panicked) -> Error {
    AppError::new("Panic", panic.to_string()).into()
}

fn shut_down() -> FailureRecord {
    let text = "the worker is shutting down, and this attempt did not end in time";
    Error::from(AppError::new("WorkerShutdown", text)).to_record()
}

fn stopped(kind: &str, how: &str) -> FailureRecord {
    let text = format!("the activity was {how}, and this attempt ended by it");
    Error::from(AppError::new(kind, text)).to_record()
}
