//! Reports the end of an attempt to the server.

use std::{sync::Arc, time::Instant};

use super::attempt::Claim;
use crate::{
    activity::heartbeat::Heart,
    error::AppError,
    telemetry::{log, metrics::ActivityMetrics},
    transport::{caller::Caller, message_codecs::codec_failure, retry::Patience},
    wire::{
        activity_task::{CancelActivity, CompleteActivity, FailActivity},
        failure,
        heartbeat::RecordHeartbeat,
        sizes::{MESSAGE_TOO_LARGE, PAYLOADS_TOO_LARGE},
        status::CallError,
    },
    worker::{
        server::Server,
        slots::{Permit, Slots},
    },
};
use durably_engine::{FailureInfo, FailureRecord, Payload};

/// How an attempt ended.
pub(crate) enum AttemptResult {
    Completed(Payload),
    /// A client reports its end.
    CompletedLater,
    Cancelled,
    Failed(Box<FailureRecord>),
    /// The server accepts no result of it any more.
    Obsolete,
}

/// The report of an attempt's end to the server; an attempt that is dropped without one is reported as failed.
///
/// It is dropped when the runtime of the worker's caller ends before the attempt.
pub(crate) struct Report {
    claim: Arc<Claim>,
    pub(crate) permit: Arc<Permit>,
    server: Arc<Server>,
    heart: Arc<Heart>,
    /// Those of activities, which count the attempt.
    slots: Slots,
    ended: Option<AttemptResult>,
    /// Held until the server has the report.
    unreported: Option<Permit>,
    began: Instant,
    metrics: Option<Arc<ActivityMetrics>>,
}

impl Report {
    pub(crate) fn new(
        server: &Arc<Server>,
        claim: Arc<Claim>,
        heart: Arc<Heart>,
        slots: Slots,
        permit: Permit,
        unreported: Option<Permit>,
        metrics: Option<Arc<ActivityMetrics>>,
    ) -> Self {
        Self {
            claim,
            permit: Arc::new(permit),
            server: Arc::clone(server),
            heart,
            slots,
            ended: None,
            unreported,
            began: Instant::now(),
            metrics,
        }
    }

    fn measure(&self, ended: &AttemptResult) {
        let Some(metrics) = &self.metrics else { return };
        metrics.ended(self.began.elapsed());
        match ended {
            AttemptResult::Completed(_) => {
                let scheduled = self.claim.scheduled_at;
                metrics.succeeded(scheduled.and_then(|at| at.elapsed().ok()));
            }
            AttemptResult::Failed(record) if !record.is_benign() => metrics.failed(),
            AttemptResult::Failed(_)
            | AttemptResult::CompletedLater
            | AttemptResult::Cancelled
            | AttemptResult::Obsolete => {}
        }
    }

    /// Sends the report.
    pub(crate) fn send(mut self, ended: AttemptResult) {
        self.ended = Some(ended);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let ended = self.ended.take();
        let ended = ended.unwrap_or_else(|| AttemptResult::Failed(shut_down().into()));
        match &ended {
            AttemptResult::Failed(record) => {
                let info = &self.claim.info;
                let error = failure::chain(record);
                log::on_attempt!(log::warning, info, error, "activity attempt failed");
                self.slots.task_counts().add_failed();
            }
            AttemptResult::Completed(_)
            | AttemptResult::CompletedLater
            | AttemptResult::Cancelled
            | AttemptResult::Obsolete => self.slots.task_counts().add_processed(),
        }
        self.measure(&ended);
        // The last heartbeat of an attempt that runs on follows those before it; a result takes it along.
        let runs_on = matches!(ended, AttemptResult::CompletedLater);
        let unconfirmed = match runs_on {
            true => None,
            false => self.heart.stop(),
        };
        let (server, claim) = (Arc::clone(&self.server), Arc::clone(&self.claim));
        let (permit, unreported) = (Arc::clone(&self.permit), self.unreported.take());
        let heart = Arc::clone(&self.heart);
        self.server.spawn(async move {
            let unconfirmed = match runs_on {
                true => heart.stop_after_sending().await,
                false => unconfirmed,
            };
            send_result(&server.caller, &claim, ended, unconfirmed).await;
            drop((permit, unreported));
        });
    }
}

/// Reports the end of the attempt.
async fn send_result(
    caller: &Caller,
    claim: &Claim,
    ended: AttemptResult,
    unconfirmed: Option<Payload>,
) {
    let calls = Calls::new(caller, claim);
    let reported = match ended {
        AttemptResult::Obsolete => return,
        AttemptResult::Completed(result) => calls.completed(result, unconfirmed).await,
        AttemptResult::CompletedLater => calls.heartbeat(unconfirmed).await,
        AttemptResult::Cancelled => calls.cancelled().await,
        AttemptResult::Failed(record) => calls.failed(*record, unconfirmed).await,
    };
    let Err(rejection) = reported else { return };
    let (info, code, error) = (&claim.info, rejection.code(), rejection.message());
    if rejection.is_not_found() {
        let what = "the report of an activity attempt arrived too late";
        log::on_attempt!(tracing::debug, info, error, "{what}");
    } else {
        let what = "the server refused the report of an activity attempt";
        log::on_attempt!(log::warning, info, ?code, error, "{what}");
    }
}

/// The calls that report the end of an attempt, retried until its deadline.
struct Calls<'a> {
    caller: &'a Caller,
    claim: &'a Claim,
    patience: Patience,
}

impl<'a> Calls<'a> {
    fn new(caller: &'a Caller, claim: &'a Claim) -> Self {
        Self {
            caller,
            claim,
            patience: Patience::until(claim.patience()),
        }
    }

    fn token(&self) -> Vec<u8> {
        self.claim.info.task_token.to_vec()
    }

    async fn completed(
        &self,
        result: Payload,
        unconfirmed: Option<Payload>,
    ) -> Result<(), CallError> {
        let token = self.token();
        let completed = CompleteActivity { token, result };
        let about = Some(|| self.claim.about());
        let call = self.caller.call_about(completed, self.patience, about);
        match call.await {
            Err(CallError::Codec(fault)) => self.failed(codec_failure(&fault), unconfirmed).await,
            Err(rejection) if rejection.is_too_large() => {
                let mut record = too_large(&rejection);
                set_non_retryable(&mut record);
                self.failed(record, None).await
            }
            reported => reported,
        }
    }

    async fn cancelled(&self) -> Result<(), CallError> {
        let token = self.token();
        let details = None;
        self.caller
            .call(CancelActivity { token, details }, self.patience)
            .await
    }

    /// Sends the last heartbeat of an attempt that runs on; later ones are the client's.
    async fn heartbeat(&self, unconfirmed: Option<Payload>) -> Result<(), CallError> {
        let Some(details) = unconfirmed else {
            return Ok(());
        };
        let heartbeat = RecordHeartbeat {
            token: self.token(),
            details: Some(details),
        };
        let about = Some(|| self.claim.about());
        let sent = self
            .caller
            .call_about(heartbeat, Patience::at_once(None), about);
        sent.await.map(|_| ())
    }

    /// Reports a failure: without the last heartbeat if that cannot be sent, and by the reason alone if
    /// the failure cannot be sent. That reason has no details.
    async fn failed(
        &self,
        record: FailureRecord,
        heartbeat: Option<Payload>,
    ) -> Result<(), CallError> {
        if heartbeat.is_some() {
            match self.fail(record.clone(), heartbeat).await {
                // The failure says more than the heartbeat.
                Err(error) if reason(&error).is_some() => {
                    let (info, error) = (&self.claim.info, error.message());
                    let what = "the last heartbeat of an activity attempt is lost";
                    log::on_attempt!(log::warning, info, error, "{what}");
                }
                reported => return reported,
            }
        }
        let non_retryable = is_non_retryable(&record);
        let reported = self.fail(record, None).await;
        let Some(mut reason) = reported.as_ref().err().and_then(reason) else {
            return reported;
        };
        if non_retryable {
            set_non_retryable(&mut reason);
        }
        self.fail(reason, None).await
    }

    async fn fail(
        &self,
        failure: FailureRecord,
        last_heartbeat: Option<Payload>,
    ) -> Result<(), CallError> {
        let failed = FailActivity {
            token: self.token(),
            failure,
            last_heartbeat,
        };
        let about = Some(|| self.claim.about());
        self.caller.call_about(failed, self.patience, about).await
    }
}

/// The failure that says why a message cannot be sent; none if a shorter one would fare no better.
fn reason(error: &CallError) -> Option<FailureRecord> {
    match error {
        CallError::Codec(fault) => Some(codec_failure(fault)),
        error if error.is_too_large() => Some(too_large(error)),
        CallError::Status(_) | CallError::Malformed(_) | CallError::Oversized(_) => None,
    }
}

fn too_large(rejection: &CallError) -> FailureRecord {
    let kind = match rejection {
        CallError::Oversized(_) => PAYLOADS_TOO_LARGE,
        _ => MESSAGE_TOO_LARGE,
    };
    AppError::new(kind, rejection.message()).into_record()
}

fn is_non_retryable(record: &FailureRecord) -> bool {
    matches!(
        record.info,
        FailureInfo::Application {
            non_retryable: true,
            ..
        } | FailureInfo::Server {
            non_retryable: true
        }
    )
}

fn set_non_retryable(record: &mut FailureRecord) {
    if let FailureInfo::Application { non_retryable, .. } = &mut record.info {
        *non_retryable = true;
    }
}

pub(crate) fn shut_down() -> FailureRecord {
    let text = "the worker is shutting down, and this attempt did not end in time";
    AppError::new("WorkerShutdown", text).into_record()
}
