//! Heartbeats of one attempt, as requests to the server.

use std::sync::Arc;

use durably_engine::Payload;
use futures::future::BoxFuture;

use super::attempt::Claim;
use crate::{
    activity::{
        CancelReason,
        cancel::CancelSignal,
        heartbeat::{self, Beat, Heart, Reply},
    },
    telemetry::log,
    transport::retry::Patience,
    wire::{
        heartbeat::{HeartbeatResponse, RecordHeartbeat},
        status::{CallError, Retry},
    },
    worker::server::Server,
};

pub(crate) fn of(
    server: &Arc<Server>,
    claim: &Arc<Claim>,
    previous: Option<Payload>,
    cancel: &CancelSignal,
) -> Arc<Heart> {
    let server = Arc::clone(server);
    let interval = heartbeat::interval(claim.info.heartbeat_timeout);
    let claim = Arc::clone(claim);
    let send = move |beat: Beat| {
        let server = Arc::clone(&server);
        // The pump runs on the thread for timers; calls belong next to the connection.
        let sent = server.spawn({
            let (server, claim) = (Arc::clone(&server), Arc::clone(&claim));
            async move { send(&server, &claim, beat).await }
        });
        let reply: BoxFuture<'static, Reply> =
            Box::pin(async move { sent.await.unwrap_or(Reply::Lost) });
        reply
    };
    Heart::new(interval, previous, cancel.clone(), Box::new(send))
}

async fn send(server: &Server, claim: &Claim, beat: Beat) -> Reply {
    let request = RecordHeartbeat {
        token: claim.info.task_token.to_vec(),
        details: beat.details,
    };
    // The next heartbeat may come too late for a server that misses this one.
    let patience = Patience::at_once(None);
    let about = Some(|| claim.about());
    match server.caller.call_about(request, patience, about).await {
        Ok(HeartbeatResponse::Cancel) => Reply::Stop(CancelReason::Requested),
        Ok(HeartbeatResponse::Paused) => Reply::Stop(CancelReason::Paused),
        Ok(HeartbeatResponse::Reset) => Reply::Stop(CancelReason::Reset),
        Ok(HeartbeatResponse::Continue) => Reply::Alive,
        Err(error) if error.is_not_found() => Reply::Stop(CancelReason::Gone),
        Err(error) => not_sent(claim, beat.follows_fault, &error),
    }
}

/// The outcome of a heartbeat that the server did not get. What a repetition cannot help is logged: a
/// server that is unreachable has a log line of its own.
fn not_sent(claim: &Claim, follows_fault: bool, error: &CallError) -> Reply {
    let (info, code, text) = (&claim.info, error.code(), error.message());
    let reply = match error {
        CallError::Codec(_) => Reply::CodecFailed,
        error if error.is_too_large() => Reply::Unsendable,
        CallError::Status(_) | CallError::Malformed(_) | CallError::Oversized(_) => {
            if matches!(error.retry(), Retry::Never | Retry::IfAllowed) {
                let what = "the server refused a heartbeat";
                log::on_attempt!(log::warning, info, ?code, error = text, "{what}");
            }
            return Reply::Lost;
        }
    };
    if !follows_fault {
        let what = "details of a heartbeat cannot be sent";
        log::on_attempt!(log::warning, info, ?code, error = text, "{what}");
    }
    reply
}
