//! Reports the end of an attempt to the server.

use std::sync::Arc;

use durably_engine::{FailureRecord, Payload};
use durably_proto::api::workflowservice::v1::{
    RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedRequest,
};
use tonic::{Code, Status};

use super::attempt::Claim;
use crate::{
    activity::heartbeat::Heart,
    error::{AppError, Error, Result},
    telemetry::log,
    wire,
    wire::status::is_too_large,
    worker::{
        deliver::{ANSWER_TIMEOUT, deliver},
        server::Server,
        slots::Permit,
    },
};

/// How an attempt ended.
pub(crate) enum Ended {
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
    ended: Option<Ended>,
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
    pub(crate) fn send(mut self, ended: Ended) {
        self.ended = Some(ended);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let ended = self.ended.take();
        let ended = ended.unwrap_or_else(|| Ended::Failed(shut_down().into()));
        if let Ended::Failed(record) = &ended {
            let info = &self.claim.info;
            let error = wire::failure::chain(record);
            log::on_attempt!(log::warning, info, error, "activity attempt failed");
        }
        let unconfirmed = self.heart.stop();
        let (server, claim) = (Arc::clone(&self.server), Arc::clone(&self.claim));
        let (permit, unreported) = (Arc::clone(&self.permit), self.unreported.take());
        self.server.spawn(async move {
            tell(&server, &claim, ended, unconfirmed).await;
            drop((permit, unreported));
        });
    }
}

/// Reports the end of the attempt, retried until its deadline.
async fn tell(server: &Server, claim: &Claim, ended: Ended, unconfirmed: Option<Payload>) {
    let told = match ended {
        Ended::Obsolete => return,
        Ended::Completed(result) => match completed(server, claim, result).await {
            Err(status) if is_too_large(&status) => {
                let error = AppError::new("MessageTooLarge", status.message()).non_retryable();
                failed(server, claim, Error::from(error).to_record(), None).await
            }
            told => told,
        },
        Ended::Cancelled => cancelled(server, claim).await,
        Ended::Failed(record) => failed(server, claim, *record, unconfirmed).await,
    };
    let Err(status) = told else { return };
    let (info, code, error) = (&claim.info, status.code(), status.message());
    if code == Code::NotFound {
        let what = "the report of an activity attempt arrived too late";
        log::on_attempt!(tracing::debug, info, error, "{what}");
    } else {
        let what = "the server refused the report of an activity attempt";
        log::on_attempt!(log::warning, info, ?code, error, "{what}");
    }
}

async fn completed(server: &Server, claim: &Claim, result: Payload) -> Result<(), Status> {
    let request = RespondActivityTaskCompletedRequest {
        namespace: server.identity.namespace.clone(),
        identity: server.identity.identity.clone(),
        task_token: claim.token.clone(),
        result: wire::payload::list_to_proto(vec![result]),
        ..Default::default()
    };
    let what = "completing an activity";
    let reply = deliver(server, what, claim.patience(), || {
        let request = request.clone();
        server
            .rpc
            .respond_activity_task_completed(request, ANSWER_TIMEOUT)
    });
    reply.await.map(drop)
}

async fn cancelled(server: &Server, claim: &Claim) -> Result<(), Status> {
    let request = RespondActivityTaskCanceledRequest {
        namespace: server.identity.namespace.clone(),
        identity: server.identity.identity.clone(),
        task_token: claim.token.clone(),
        ..Default::default()
    };
    let what = "reporting an activity as cancelled";
    let reply = deliver(server, what, claim.patience(), || {
        let request = request.clone();
        server
            .rpc
            .respond_activity_task_canceled(request, ANSWER_TIMEOUT)
    });
    reply.await.map(drop)
}

async fn failed(
    server: &Server,
    claim: &Claim,
    record: FailureRecord,
    unconfirmed: Option<Payload>,
) -> Result<(), Status> {
    let request = RespondActivityTaskFailedRequest {
        namespace: server.identity.namespace.clone(),
        identity: server.identity.identity.clone(),
        task_token: claim.token.clone(),
        failure: Some(wire::failure::to_proto(record)),
        last_heartbeat_details: wire::payload::list_to_proto(unconfirmed.into_iter().collect()),
        ..Default::default()
    };
    let what = "reporting an activity as failed";
    let reply = deliver(server, what, claim.patience(), || {
        let request = request.clone();
        server
            .rpc
            .respond_activity_task_failed(request, ANSWER_TIMEOUT)
    });
    reply.await.map(drop)
}

pub(crate) fn shut_down() -> FailureRecord {
    let text = "the worker is shutting down, and this attempt did not end in time";
    Error::from(AppError::new("WorkerShutdown", text)).to_record()
}
