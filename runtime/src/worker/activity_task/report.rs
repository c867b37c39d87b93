//! Reports the end of an attempt to the server.

use std::sync::Arc;

use super::{attempt::Claim, codec_failure};
use crate::{
    activity::heartbeat::Heart,
    error::AppError,
    telemetry::log,
    transport::{caller::Caller, retry::Patience},
    wire::{
        activity_task::{CancelActivity, CompleteActivity, FailActivity},
        failure,
        status::CallError,
    },
    worker::{server::Server, slots::Permit},
};
use durably_engine::{FailureRecord, Payload};

/// How an attempt ended.
pub(crate) enum AttemptResult {
    Completed(Payload),
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
    ended: Option<AttemptResult>,
    /// Held until the server has the report.
    unreported: Option<Permit>,
}

impl Report {
    pub(crate) fn new(
        server: &Arc<Server>,
        claim: Arc<Claim>,
        heart: Arc<Heart>,
        permit: Permit,
        unreported: Option<Permit>,
    ) -> Self {
        Self {
            claim,
            permit: Arc::new(permit),
            server: Arc::clone(server),
            heart,
            ended: None,
            unreported,
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
        if let AttemptResult::Failed(record) = &ended {
            let info = &self.claim.info;
            let error = failure::chain(record);
            log::on_attempt!(log::warning, info, error, "activity attempt failed");
        }
        let unconfirmed = self.heart.stop();
        let (server, claim) = (Arc::clone(&self.server), Arc::clone(&self.claim));
        let (permit, unreported) = (Arc::clone(&self.permit), self.unreported.take());
        self.server.spawn(async move {
            send_result(&server.caller, &claim, ended, unconfirmed).await;
            drop((permit, unreported));
        });
    }
}

/// Reports the end of the attempt, retried until its deadline.
async fn send_result(
    caller: &Caller,
    claim: &Claim,
    ended: AttemptResult,
    unconfirmed: Option<Payload>,
) {
    let token = || claim.token.clone();
    let patience = Patience::until(claim.patience());
    let about = || Some(|| claim.about());
    let failed = |failure, last_heartbeat| FailActivity {
        token: token(),
        failure,
        last_heartbeat,
    };
    let told = match ended {
        AttemptResult::Obsolete => return,
        AttemptResult::Completed(result) => {
            let token = token();
            let completed = CompleteActivity { token, result };
            match caller.call_about(completed, patience, about()).await {
                Err(CallError::Codec(fault)) => {
                    let failed = failed(codec_failure(&fault), unconfirmed);
                    caller.call_about(failed, patience, about()).await
                }
                Err(rejection) if rejection.is_too_large() => {
                    let error = AppError::new("MessageTooLarge", rejection.message());
                    let record = error.non_retryable().into_record();
                    caller
                        .call_about(failed(record, None), patience, about())
                        .await
                }
                told => told,
            }
        }
        AttemptResult::Cancelled => {
            caller
                .call(CancelActivity { token: token() }, patience)
                .await
        }
        AttemptResult::Failed(record) => {
            let has_heartbeat = unconfirmed.is_some();
            let with_heartbeat = failed((*record).clone(), unconfirmed);
            match caller.call_about(with_heartbeat, patience, about()).await {
                // The failure says more than the heartbeat.
                Err(CallError::Codec(fault)) if has_heartbeat => {
                    let what = "the last heartbeat of an activity attempt is lost";
                    log::on_attempt!(log::warning, claim.info, error = %fault, "{what}");
                    let failed = failed(*record, None);
                    caller.call_about(failed, patience, about()).await
                }
                told => told,
            }
        }
    };
    let told = match told {
        // This failure has no details.
        Err(CallError::Codec(fault)) => {
            let failed = failed(codec_failure(&fault), None);
            caller.call_about(failed, patience, about()).await
        }
        told => told,
    };
    let Err(rejection) = told else { return };
    let (info, code, error) = (&claim.info, rejection.code(), rejection.message());
    if rejection.is_not_found() {
        let what = "the report of an activity attempt arrived too late";
        log::on_attempt!(tracing::debug, info, error, "{what}");
    } else {
        let what = "the server refused the report of an activity attempt";
        log::on_attempt!(log::warning, info, ?code, error, "{what}");
    }
}

pub(crate) fn shut_down() -> FailureRecord {
    let text = "the worker is shutting down, and this attempt did not end in time";
    AppError::new("WorkerShutdown", text).into_record()
}
