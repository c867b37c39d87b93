//! Heartbeats of one attempt, as requests to the server.

use std::sync::Arc;

use durably_engine::Payload;
use durably_proto::api::workflowservice::v1::RecordActivityTaskHeartbeatRequest;
use futures::future::BoxFuture;
use tonic::Code;

use super::attempt::Claim;
use crate::{
    activity::{
        CancelReason,
        cancel::CancelSignal,
        heartbeat::{self, Heart, Reply},
    },
    transport::retry::Patience,
    wire,
    worker::{deliver::ANSWER_TIMEOUT, server::Server},
};

pub(crate) fn of(
    server: &Arc<Server>,
    claim: &Claim,
    previous: Option<Payload>,
    cancel: &CancelSignal,
) -> Arc<Heart> {
    let server = Arc::clone(server);
    let token = claim.token.clone();
    let send = move |details: Option<Payload>| {
        let server = Arc::clone(&server);
        let request = RecordActivityTaskHeartbeatRequest {
            namespace: server.identity.namespace.clone(),
            identity: server.identity.identity.clone(),
            task_token: token.clone(),
            details: wire::payload::list_to_proto(details.into_iter().collect()),
            ..Default::default()
        };
        // The pump runs on the thread for timers; calls belong next to the connection.
        let sent = server.spawn({
            let server = Arc::clone(&server);
            async move { beat(&server, request).await }
        });
        let beat: BoxFuture<'static, Reply> =
            Box::pin(async move { sent.await.unwrap_or(Reply::Lost) });
        beat
    };
    let interval = heartbeat::interval(claim.info.heartbeat_timeout);
    Heart::new(interval, previous, cancel.clone(), Box::new(send))
}

async fn beat(server: &Server, request: RecordActivityTaskHeartbeatRequest) -> Reply {
    // The next heartbeat may come too late for a server that misses this one.
    let patience = Patience::sit_out(ANSWER_TIMEOUT);
    let reply = server.rpc.record_activity_task_heartbeat(request, patience);
    match reply.await {
        Ok(reply) if reply.cancel_requested => Reply::Stop(CancelReason::Requested),
        Ok(reply) if reply.activity_paused => Reply::Stop(CancelReason::Paused),
        Ok(reply) if reply.activity_reset => Reply::Stop(CancelReason::Reset),
        Ok(_) => Reply::Alive,
        Err(status) if status.code() == Code::NotFound => Reply::Stop(CancelReason::Gone),
        Err(status) => {
            server.log_unreachable("a heartbeat", &status);
            Reply::Lost
        }
    }
}
